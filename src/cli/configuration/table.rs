//! Every setting of Ansible that we know, and what it means here.
//!
//! The list is `ansible/config/base.yml` of ansible-core 2.19 and the options of its `ssh` and `sudo`
//! plugins. A key that Ansible does not know either says nothing, there as here.

/// A setting: its places in `ansible.cfg` and its environment variables; these win over those.
#[derive(Debug)]
pub(super) struct Setting {
    /// Section and key; of several the last one that is set wins.
    pub(super) keys: &'static [(&'static str, &'static str)],
    /// Environment variables; of several the last one that is set wins.
    pub(super) environment: &'static [&'static str],
    pub(super) meaning: Meaning,
}

/// What a setting means here.
#[derive(Debug)]
pub(super) enum Meaning {
    /// The same as in Ansible.
    Works,
    /// Refused, because it would change what is done, unless it says what is done anyway: one of
    /// these words, or in the first place `""` for nothing. The text is the way out.
    Refused(&'static [&'static str], &'static str),
}

use Meaning::{Refused, Works};

const YES: &[&str] = &["", "yes", "true", "on", "1", "y", "t"];
const NO: &[&str] = &["", "no", "false", "off", "0", "n", "f"];

const fn works(
    keys: &'static [(&'static str, &'static str)],
    environment: &'static [&'static str],
) -> Setting {
    Setting { keys, environment, meaning: Works }
}

const fn refused(
    keys: &'static [(&'static str, &'static str)],
    environment: &'static [&'static str],
    harmless: &'static [&'static str],
    way_out: &'static str,
) -> Setting {
    Setting { keys, environment, meaning: Refused(harmless, way_out) }
}

/// What works, then what is refused. All other settings have no meaning here: they are about
/// Ansible's Python, its screen, its plugins and its network devices.
pub(super) const SETTINGS: &[Setting] = &[
    works(&[("defaults", "inventory")], &["ANSIBLE_INVENTORY"]),
    works(
        &[("defaults", "inventory_ignore_extensions"), ("inventory", "ignore_extensions")],
        &["ANSIBLE_INVENTORY_IGNORE"],
    ),
    works(
        &[("defaults", "inventory_ignore_patterns"), ("inventory", "ignore_patterns")],
        &["ANSIBLE_INVENTORY_IGNORE_REGEX"],
    ),
    works(&[("defaults", "remote_user")], &["ANSIBLE_REMOTE_USER"]),
    works(&[("defaults", "remote_port")], &["ANSIBLE_REMOTE_PORT"]),
    works(&[("defaults", "private_key_file")], &["ANSIBLE_PRIVATE_KEY_FILE"]),
    works(
        &[("defaults", "host_key_checking"), ("ssh_connection", "host_key_checking")],
        &["ANSIBLE_HOST_KEY_CHECKING", "ANSIBLE_SSH_HOST_KEY_CHECKING"],
    ),
    works(
        &[("defaults", "timeout"), ("ssh_connection", "timeout")],
        &["ANSIBLE_TIMEOUT", "ANSIBLE_SSH_TIMEOUT"],
    ),
    works(&[("defaults", "forks")], &["ANSIBLE_FORKS"]),
    works(&[("defaults", "roles_path")], &["ANSIBLE_ROLES_PATH"]),
    works(&[("defaults", "ask_pass")], &["ANSIBLE_ASK_PASS"]),
    works(&[("defaults", "ask_vault_pass")], &["ANSIBLE_ASK_VAULT_PASS"]),
    works(&[("defaults", "vault_password_file")], &["ANSIBLE_VAULT_PASSWORD_FILE"]),
    works(&[("defaults", "vault_identity_list")], &["ANSIBLE_VAULT_IDENTITY_LIST"]),
    works(&[("defaults", "vault_id_match")], &["ANSIBLE_VAULT_ID_MATCH"]),
    works(&[("privilege_escalation", "become")], &["ANSIBLE_BECOME"]),
    works(&[("privilege_escalation", "become_method")], &["ANSIBLE_BECOME_METHOD"]),
    works(&[("privilege_escalation", "become_user")], &["ANSIBLE_BECOME_USER"]),
    works(&[("privilege_escalation", "become_ask_pass")], &["ANSIBLE_BECOME_ASK_PASS"]),
    works(&[("defaults", "become_password_file")], &["ANSIBLE_BECOME_PASSWORD_FILE"]),
    works(&[("ssh_connection", "ssh_args")], &["ANSIBLE_SSH_ARGS"]),
    works(&[("ssh_connection", "ssh_common_args")], &["ANSIBLE_SSH_COMMON_ARGS"]),
    works(&[("ssh_connection", "ssh_extra_args")], &["ANSIBLE_SSH_EXTRA_ARGS"]),
    // Whose variables win.
    refused(
        &[("defaults", "hash_behaviour")],
        &["ANSIBLE_HASH_BEHAVIOUR"],
        &["", "replace"],
        "dictionaries are replaced; use the filter `combine` where they must be merged",
    ),
    refused(
        &[("defaults", "precedence")],
        &["ANSIBLE_PRECEDENCE"],
        &[""],
        "the order of precedence is fixed (docs/reference/inventory.md)",
    ),
    refused(
        &[("defaults", "vars_plugins")],
        &["ANSIBLE_VARS_PLUGINS"],
        &[""],
        "write what the plugin gives into `group_vars`, or give it with `-e @file`",
    ),
    refused(
        &[("defaults", "vars_plugins_enabled")],
        &["ANSIBLE_VARS_ENABLED"],
        &["", "host_group_vars", "ansible.builtin.host_group_vars"],
        "only `host_group_vars` is read; give other variables with `-e @file`",
    ),
    refused(
        &[("defaults", "playbook_vars_root")],
        &["ANSIBLE_PLAYBOOK_VARS_ROOT"],
        &["", "top"],
        "variables beside the playbook that was named are read, as with `top`",
    ),
    refused(
        &[("defaults", "playbook_dir")],
        &["ANSIBLE_PLAYBOOK_DIR"],
        &[""],
        "say `--playbook-dir` on the command line",
    ),
    refused(
        &[("defaults", "private_role_vars")],
        &["ANSIBLE_PRIVATE_ROLE_VARS"],
        NO,
        "a role's variables are seen by the whole play, as by default in Ansible",
    ),
    refused(
        &[("defaults", "inject_facts_as_vars")],
        &["ANSIBLE_INJECT_FACT_VARS"],
        YES,
        "facts are also variables `ansible_…`, as by default in Ansible",
    ),
    refused(
        &[("defaults", "force_valid_group_names")],
        &["ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS"],
        &["", "never", "ignore"],
        "group names are kept as they are written",
    ),
    refused(
        &[("inventory", "enable_plugins")],
        &["ANSIBLE_INVENTORY_ENABLED"],
        &["", "host_list, script, auto, yaml, ini, toml", "host_list,script,auto,yaml,ini,toml"],
        "lists of hosts, scripts, YAML and INI are read, in this order; remove the setting",
    ),
    refused(
        &[("defaults", "yaml_valid_extensions")],
        &["ANSIBLE_YAML_FILENAME_EXT"],
        &["", ".yml, .yaml, .json", ".yml,.yaml,.json"],
        "`.yml`, `.yaml` and `.json` are read as YAML",
    ),
    refused(
        &[("defaults", "duplicate_dict_key")],
        &["ANSIBLE_DUPLICATE_YAML_DICT_KEY"],
        &["", "warn", "ignore"],
        "of two keys of one name the last one counts, as by default in Ansible",
    ),
    refused(
        &[("defaults", "vault_identity")],
        &["ANSIBLE_VAULT_IDENTITY"],
        &["", "default"],
        "name the id with `--vault-id ID@FILE`",
    ),
    // How templates and conditions are read.
    refused(
        &[("defaults", "error_on_undefined_vars")],
        &["ANSIBLE_ERROR_ON_UNDEFINED_VARS"],
        YES,
        "an undefined variable is always an error; write `| default(…)` where it may be missing",
    ),
    refused(
        &[("defaults", "allow_broken_conditionals")],
        &["ANSIBLE_ALLOW_BROKEN_CONDITIONALS"],
        NO,
        "a condition must give true or false; compare it, or write `| bool`",
    ),
    refused(
        &[("defaults", "allow_embedded_templates")],
        &["ANSIBLE_ALLOW_EMBEDDED_TEMPLATES"],
        YES,
        "remove the setting",
    ),
    refused(
        &[("defaults", "jinja2_extensions")],
        &["ANSIBLE_JINJA2_EXTENSIONS"],
        &["", "jinja2.ext.do,jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
        "templates cannot use extensions of Jinja2",
    ),
    refused(
        &[("defaults", "null_representation")],
        &["ANSIBLE_NULL_REPRESENTATION"],
        &["", "null", "none"],
        "remove the setting",
    ),
    refused(
        &[("defaults", "ansible_managed")],
        &[],
        &["", "ansible managed"],
        "write it as a variable into `group_vars/all`",
    ),
    // How plays run.
    refused(
        &[("defaults", "gathering")],
        &["ANSIBLE_GATHERING"],
        &["", "implicit", "smart"],
        "write `gather_facts: false` in the plays that need none",
    ),
    refused(
        &[("defaults", "strategy")],
        &["ANSIBLE_STRATEGY"],
        &["", "linear", "ansible.builtin.linear"],
        "write `strategy:` in the play",
    ),
    refused(
        &[("defaults", "any_errors_fatal")],
        &["ANSIBLE_ANY_ERRORS_FATAL"],
        NO,
        "write `any_errors_fatal: true` in the play",
    ),
    refused(
        &[("defaults", "force_handlers")],
        &["ANSIBLE_FORCE_HANDLERS"],
        NO,
        "write `force_handlers: true` in the play",
    ),
    refused(
        &[("defaults", "error_on_missing_handler")],
        &["ANSIBLE_ERROR_ON_MISSING_HANDLER"],
        YES,
        "a handler that is not there is always an error",
    ),
    refused(
        &[("defaults", "invalid_task_attribute_failed")],
        &["ANSIBLE_INVALID_TASK_ATTRIBUTE_FAILED"],
        YES,
        "a keyword that is not known is always an error",
    ),
    refused(
        &[("defaults", "no_log")],
        &["ANSIBLE_NO_LOG"],
        NO,
        "write `no_log: true` at the tasks that need it",
    ),
    refused(
        &[("defaults", "task_timeout")],
        &["ANSIBLE_TASK_TIMEOUT"],
        &["", "0"],
        "write `timeout:` at the tasks; there is a default",
    ),
    refused(
        &[("defaults", "enable_task_debugger")],
        &["ANSIBLE_ENABLE_TASK_DEBUGGER"],
        NO,
        "there is no debugger",
    ),
    refused(
        &[("defaults", "module_args")],
        &["ANSIBLE_MODULE_ARGS"],
        &[""],
        "write the arguments at the task",
    ),
    refused(&[("tags", "run")], &["ANSIBLE_RUN_TAGS"], &["", "all"], "say `--tags`"),
    refused(&[("tags", "skip")], &["ANSIBLE_SKIP_TAGS"], &[""], "say `--skip-tags`"),
    // How hosts are reached.
    refused(
        &[("defaults", "transport")],
        &["ANSIBLE_TRANSPORT"],
        &["", "ssh", "smart", "paramiko", "paramiko_ssh", "ansible.builtin.ssh"],
        "hosts are reached over SSH; write `ansible_connection` into the inventory for others",
    ),
    refused(
        &[("defaults", "executable")],
        &["ANSIBLE_EXECUTABLE"],
        &["", "/bin/sh"],
        "commands run under `/bin/sh`; write `executable:` at the task",
    ),
    refused(
        &[("privilege_escalation", "become_exe"), ("sudo_become_plugin", "executable")],
        &["ANSIBLE_BECOME_EXE", "ANSIBLE_SUDO_EXE"],
        &["", "sudo"],
        "`sudo`, `su` or `doas` is found in the PATH of the login user",
    ),
    refused(
        &[("privilege_escalation", "become_flags"), ("sudo_become_plugin", "flags")],
        &["ANSIBLE_BECOME_FLAGS", "ANSIBLE_SUDO_FLAGS"],
        &["", "-h -s -n", "-h -s", "-n"],
        "`sudo -H -S` is what runs; remove the setting",
    ),
    refused(
        &[("sudo_become_plugin", "user")],
        &["ANSIBLE_SUDO_USER"],
        &[""],
        "write `become_user` below `[privilege_escalation]`",
    ),
    refused(
        &[("sudo_become_plugin", "password")],
        &["ANSIBLE_BECOME_PASS", "ANSIBLE_SUDO_PASS"],
        &[""],
        "use `--become-password-file`, or `ansible_become_password` in a vault",
    ),
    refused(
        &[("defaults", "connection_password_file")],
        &["ANSIBLE_CONNECTION_PASSWORD_FILE"],
        &[""],
        "be asked with `-k`, or write `ansible_password` into a vault",
    ),
    refused(
        &[("ssh_connection", "ssh_executable")],
        &["ANSIBLE_SSH_EXECUTABLE"],
        &["", "ssh", "/usr/bin/ssh"],
        "no program `ssh` is run; put what it adds into `~/.ssh/config` or `ssh_args`",
    ),
    refused(
        &[("ssh_connection", "pkcs11_provider")],
        &["ANSIBLE_PKCS11_PROVIDER"],
        &[""],
        "load the key into an agent: `ssh-add -s PROVIDER`",
    ),
    refused(
        &[("connection", "ssh_agent")],
        &["ANSIBLE_SSH_AGENT"],
        &["", "none"],
        "start the agent yourself; SSH_AUTH_SOCK is used",
    ),
    refused(
        &[],
        &["ANSIBLE_PRIVATE_KEY", "ANSIBLE_PRIVATE_KEY_PASSPHRASE"],
        &[""],
        "put the key into an agent or a file",
    ),
];
