//! `template`: a rendered template file onto the host.

use super::write::{self, Source, Target};
use super::{Args, Context, Module, ModuleError, Outcome, Parameter, TemplateOptions};
use async_trait::async_trait;

/// The module.
#[derive(Debug)]
pub(super) struct Template;

#[async_trait]
impl Module for Template {
    fn name(&self) -> &'static str {
        "template"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::required("src"),
                Parameter::required("dest"),
                Parameter::optional("mode"),
                Parameter::optional("owner"),
                Parameter::optional("group"),
                Parameter::optional("backup"),
                Parameter::optional("force"),
                Parameter::optional("trim_blocks"),
                Parameter::optional("lstrip_blocks"),
            ]
        }
    }

    async fn run(&self, context: &Context, args: &Args) -> Result<Outcome, ModuleError> {
        let src = args.required_text("src")?;
        let file = write::local_file(context, &src, "templates")?;
        let text = std::fs::read_to_string(&file).map_err(|e| write::unreadable(&file, &e))?;
        let options = TemplateOptions {
            trim_blocks: args.boolean("trim_blocks", true)?,
            lstrip_blocks: args.boolean("lstrip_blocks", false)?,
        };
        let rendered = context.templates.template(&file.to_string_lossy(), &text, options)?;
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
        let target = Target::read(args, name)?;
        write::put(context, Source::Bytes(rendered.into()), &target).await
    }
}
