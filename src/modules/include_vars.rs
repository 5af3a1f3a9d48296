//! `include_vars`: variables from files on this machine, for the rest of the run.

use super::source::unreadable;
use super::{Args, Context, FACTS, Module, ModuleError, Outcome, Parameter};
use async_trait::async_trait;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// What files of variables end in, when nothing else is said.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// The module.
#[derive(Debug)]
pub(super) struct IncludeVars;

#[async_trait]
impl Module for IncludeVars {
    fn name(&self) -> &'static str {
        "include_vars"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional("file"),
                Parameter::optional("dir"),
                Parameter::optional("name"),
                Parameter::optional("depth"),
                Parameter::optional("files_matching"),
                Parameter::optional("ignore_files"),
                Parameter::optional("extensions"),
                Parameter::optional("ignore_unknown_extensions"),
                Parameter::optional("hash_behaviour").one_of(&["replace", "merge"]),
            ]
        }
    }

    fn free_form(&self) -> Option<&'static str> {
        Some("file")
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let merge = args.text("hash_behaviour")?.as_deref() == Some("merge");
        let files = match (args.text("file")?, args.text("dir")?) {
            (Some(file), None) => vec![find(context, &file, Path::is_file)?],
            (None, Some(dir)) => {
                Directory::read(args)?.files(&find(context, &dir, Path::is_dir)?)?
            }
            _ => {
                return Err(ModuleError::Failed("`include_vars` takes `file` or `dir`".to_owned()));
            }
        };
        let mut found = Map::new();
        for file in &files {
            for (name, value) in context.templates.variables(file)? {
                insert(&mut found, name, value, merge);
            }
        }
        if let Some(name) = args.text("name")? {
            found = Map::from_iter([(name, Value::Object(found))]);
        }
        let shown: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        Ok(Outcome::default()
            .with(FACTS, Value::Object(found))
            .with("ansible_included_var_files", shown))
    }
}

fn insert(found: &mut Map<String, Value>, name: String, value: Value, merge: bool) {
    match (found.get_mut(&name), value) {
        (Some(Value::Object(known)), Value::Object(new)) if merge => {
            for (name, value) in new {
                insert(known, name, value, merge);
            }
        }
        (_, value) => drop(found.insert(name, value)),
    }
}

fn find(
    context: &Context,
    name: &str,
    is_there: fn(&Path) -> bool,
) -> Result<PathBuf, ModuleError> {
    let both = |place: &PathBuf| [place.join("vars").join(name), place.join(name)];
    let places = context.search_path.iter().flat_map(both);
    let mut places = places.chain([PathBuf::from(name)]);
    let found = places.find(|path| is_there(path)).ok_or_else(|| {
        ModuleError::Failed(format!("Could not find or access `{name}` on the Ansible Controller"))
    })?;
    let whole = std::path::absolute(&found).map_err(|error| unreadable(&found, &error))?;
    // Without `.` in it.
    Ok(whole.components().collect())
}

/// Which files of a directory count.
struct Directory {
    depth: u64,
    matching: Option<regex::Regex>,
    ignored: Vec<String>,
    extensions: Vec<String>,
    unknown_ignored: bool,
}

impl Directory {
    fn read(args: &Args) -> Result<Self, ModuleError> {
        let matching = args.text("files_matching")?.map(|pattern| {
            regex::Regex::new(&pattern).map_err(|error| ModuleError::Argument {
                name: "files_matching".to_owned(),
                reason: error.to_string(),
            })
        });
        let extensions = args.list("extensions")?;
        Ok(Self {
            depth: super::args::whole_number(args, "depth")?.unwrap_or(0),
            matching: matching.transpose()?,
            ignored: args.list("ignore_files")?,
            extensions: if extensions.is_empty() {
                EXTENSIONS.map(str::to_owned).to_vec()
            } else {
                extensions
            },
            unknown_ignored: args.boolean("ignore_unknown_extensions", false)?,
        })
    }

    /// The files of a directory by name, then those of the directories in it.
    fn files(&self, directory: &Path) -> Result<Vec<PathBuf>, ModuleError> {
        let mut found = Vec::new();
        self.walk(directory, 1, &mut found)?;
        Ok(found)
    }

    fn walk(
        &self,
        directory: &Path,
        level: u64,
        found: &mut Vec<PathBuf>,
    ) -> Result<(), ModuleError> {
        let listed = std::fs::read_dir(directory).map_err(|error| {
            ModuleError::Failed(format!("cannot read `{}`: {error}", directory.display()))
        })?;
        let mut inside: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
        inside.sort_unstable();
        for path in inside.iter().filter(|path| path.is_file()) {
            if self.counts(path)? {
                found.push(path.clone());
            }
        }
        let deeper = self.depth == 0 || level < self.depth;
        for path in inside.iter().filter(|path| deeper && path.is_dir()) {
            self.walk(path, level + 1, found)?;
        }
        Ok(())
    }

    fn counts(&self, path: &Path) -> Result<bool, ModuleError> {
        let name =
            path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let skipped = self.ignored.contains(&name)
            || self.matching.as_ref().is_some_and(|pattern| !pattern.is_match(&name));
        if skipped {
            return Ok(false);
        }
        let end =
            path.extension().map(|end| end.to_string_lossy().into_owned()).unwrap_or_default();
        if self.extensions.contains(&end) {
            return Ok(true);
        }
        if self.unknown_ignored {
            return Ok(false);
        }
        Err(ModuleError::Failed(format!(
            "`{}` does not have a valid extension: {}",
            path.display(),
            self.extensions.join(", ")
        )))
    }
}
