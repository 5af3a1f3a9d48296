//! Every keyword of `ssh_config`: what it takes, and what it means here.

/// What a keyword takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// `yes` or `no`.
    YesNo,
    /// A number.
    Number,
    /// 1 to 65535.
    Port,
    /// Seconds, or a time as `1m30s`.
    Time,
    /// One word.
    Word,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Words.
    Words,
    /// The rest of the line as it stands.
    Line,
}

/// What a keyword means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is honoured; the first value wins.
    Read,
    /// It is honoured; every value counts.
    Collected,
    /// It changes nothing that a run does.
    Unneeded,
    /// It is not honoured; only these values may stand there, since they ask for nothing.
    Only(&'static [&'static str]),
}

/// One keyword.
#[derive(Debug)]
pub(super) struct Keyword {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    pub(super) meaning: Meaning,
}

/// The keyword `name` (in lower case), also in its old spellings.
pub(super) fn find(name: &str) -> Option<&'static Keyword> {
    let name = OLD_NAMES.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| new);
    KEYWORDS.iter().find(|keyword| keyword.name == name)
}

/// All names, to find what a misspelt one was meant to be.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KEYWORDS.iter().map(|keyword| keyword.name)
}

const OLD_NAMES: &[(&str, &str)] = &[
    ("challengeresponseauthentication", "kbdinteractiveauthentication"),
    ("skeyauthentication", "kbdinteractiveauthentication"),
    ("tisauthentication", "kbdinteractiveauthentication"),
    ("dsaauthentication", "pubkeyauthentication"),
    ("hostbasedkeytypes", "hostbasedacceptedalgorithms"),
    ("identityfile2", "identityfile"),
    ("keepalive", "tcpkeepalive"),
    ("pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms"),
    ("smartcarddevice", "pkcs11provider"),
];

const NO: &[&str] = &["no", "false"];
const YES: &[&str] = &["yes", "true"];
const STRICT: &[&str] = &["true", "false", "yes", "no", "ask", "off", "accept-new"];
const FAMILIES: &[&str] = &["any", "inet", "inet6"];

const fn row(name: &'static str, takes: Takes, meaning: Meaning) -> Keyword {
    Keyword { name, takes, meaning }
}

use Meaning::{Collected, Only, Read, Unneeded};
use Takes::{Line, Number, OneOf, Port, Time, Word, Words, YesNo};

/// Sorted. `Unneeded` has its reasons in docs/reference/ssh.md.
const KEYWORDS: &[Keyword] = &[
    row("addkeystoagent", Words, Unneeded),
    row("addressfamily", OneOf(FAMILIES), Read),
    row("afstokenpassing", Words, Unneeded),
    row("batchmode", YesNo, Unneeded),
    row("bindaddress", Word, Read),
    row("bindinterface", Word, Only(&["none"])),
    row("canonicaldomains", Words, Unneeded),
    row("canonicalizefallbacklocal", YesNo, Unneeded),
    row("canonicalizehostname", Word, Only(NO)),
    row("canonicalizemaxdots", Number, Unneeded),
    row("canonicalizepermittedcnames", Words, Unneeded),
    row("casignaturealgorithms", Word, Read),
    row("certificatefile", Word, Collected),
    row("channeltimeout", Words, Unneeded),
    row("checkhostip", YesNo, Only(NO)),
    row("cipher", Words, Unneeded),
    row("ciphers", Word, Read),
    row("clearallforwardings", YesNo, Unneeded),
    row("compression", YesNo, Unneeded),
    row("compressionlevel", Words, Unneeded),
    row("connectionattempts", Number, Unneeded),
    row("connecttimeout", Time, Read),
    row("controlmaster", Word, Unneeded),
    row("controlpath", Word, Unneeded),
    row("controlpersist", Word, Unneeded),
    row("dynamicforward", Words, Unneeded),
    row("enableescapecommandline", YesNo, Unneeded),
    row("enablesshkeysign", YesNo, Unneeded),
    row("escapechar", Word, Unneeded),
    row("exitonforwardfailure", YesNo, Unneeded),
    row("fallbacktorsh", Words, Unneeded),
    row("fingerprinthash", Word, Unneeded),
    row("forkafterauthentication", YesNo, Unneeded),
    row("forwardagent", Word, Read),
    row("forwardx11", YesNo, Unneeded),
    row("forwardx11timeout", Time, Unneeded),
    row("forwardx11trusted", YesNo, Unneeded),
    row("gatewayports", YesNo, Unneeded),
    row("globalknownhostsfile", Words, Read),
    row("globalknownhostsfile2", Words, Unneeded),
    row("gssapiauthentication", YesNo, Unneeded),
    row("gssapiclientidentity", Word, Unneeded),
    row("gssapidelegatecredentials", YesNo, Unneeded),
    row("gssapikexalgorithms", Word, Unneeded),
    row("gssapikeyexchange", YesNo, Unneeded),
    row("gssapirenewalforcesrekey", YesNo, Unneeded),
    row("gssapiserveridentity", Word, Unneeded),
    row("gssapitrustdns", YesNo, Unneeded),
    row("hashknownhosts", YesNo, Read),
    row("hostbasedacceptedalgorithms", Word, Unneeded),
    row("hostbasedauthentication", YesNo, Unneeded),
    row("hostkeyalgorithms", Word, Read),
    row("hostkeyalias", Word, Read),
    row("hostname", Word, Read),
    row("identitiesonly", YesNo, Read),
    row("identityagent", Word, Read),
    row("identityfile", Word, Collected),
    row("ignoreunknown", Word, Unneeded),
    row("ipqos", Words, Unneeded),
    row("kbdinteractiveauthentication", YesNo, Read),
    row("kbdinteractivedevices", Word, Unneeded),
    row("kerberosauthentication", Words, Unneeded),
    row("kerberostgtpassing", Words, Unneeded),
    row("kexalgorithms", Word, Read),
    row("knownhostscommand", Line, Only(&["none"])),
    row("localcommand", Line, Unneeded),
    row("localforward", Words, Unneeded),
    row("loglevel", Word, Unneeded),
    row("logverbose", Words, Unneeded),
    row("macs", Word, Read),
    row("nohostauthenticationforlocalhost", YesNo, Only(NO)),
    row("numberofpasswordprompts", Number, Unneeded),
    row("obscurekeystroketiming", Words, Unneeded),
    row("passwordauthentication", YesNo, Read),
    row("permitlocalcommand", YesNo, Only(NO)),
    row("permitremoteopen", Words, Unneeded),
    row("pkcs11provider", Word, Only(&["none"])),
    row("port", Port, Read),
    row("preferredauthentications", Word, Read),
    row("protocol", Words, Unneeded),
    row("proxycommand", Line, Read),
    row("proxyjump", Word, Read),
    row("proxyusefdpass", YesNo, Only(NO)),
    row("pubkeyacceptedalgorithms", Word, Read),
    row(
        "pubkeyauthentication",
        OneOf(&["yes", "true", "no", "false", "unbound", "host-bound"]),
        Read,
    ),
    row("rekeylimit", Words, Unneeded),
    row("remotecommand", Line, Only(&["none"])),
    row("remoteforward", Words, Unneeded),
    row("requesttty", Word, Unneeded),
    row("requiredrsasize", Number, Unneeded),
    row("revokedhostkeys", Word, Only(&["none"])),
    row("rhostsrsaauthentication", Words, Unneeded),
    row("rsaauthentication", Words, Unneeded),
    row("securitykeyprovider", Word, Unneeded),
    row("sendenv", Words, Unneeded),
    row("serveralivecountmax", Number, Read),
    row("serveraliveinterval", Time, Read),
    row("sessiontype", OneOf(&["none", "subsystem", "default"]), Only(&["default"])),
    row("setenv", Words, Unneeded),
    row("stdinnull", YesNo, Unneeded),
    row("streamlocalbindmask", Word, Unneeded),
    row("streamlocalbindunlink", YesNo, Unneeded),
    row("stricthostkeychecking", OneOf(STRICT), Read),
    row("syslogfacility", Word, Unneeded),
    row("tag", Word, Unneeded),
    row("tcpkeepalive", YesNo, Unneeded),
    row("tunnel", Word, Only(NO)),
    row("tunneldevice", Word, Unneeded),
    row("updatehostkeys", Word, Unneeded),
    row("useprivilegedport", Words, Unneeded),
    row("user", Word, Read),
    row("userknownhostsfile", Words, Read),
    row("userknownhostsfile2", Words, Unneeded),
    row("useroaming", Words, Unneeded),
    row("usersh", Words, Unneeded),
    row("verifyhostkeydns", Word, Unneeded),
    row("versionaddendum", Line, Unneeded),
    row("visualhostkey", YesNo, Unneeded),
    row("warnweakcrypto", Word, Unneeded),
    row("xauthlocation", Word, Unneeded),
];

/// `yes`, `true`, `no` or `false`.
pub(super) fn yes_no(text: &str) -> Option<bool> {
    let text = text.to_lowercase();
    let is = |words: &[&str]| words.contains(&text.as_str());
    if is(YES) { Some(true) } else { is(NO).then_some(false) }
}

/// Seconds of `90`, `1m30s`, `2h`; `none` is 0.
pub(super) fn seconds(text: &str) -> Option<u64> {
    if text == "none" {
        return Some(0);
    }
    let mut total: u64 = 0;
    let mut number = String::new();
    for c in text.chars() {
        let unit = match c.to_ascii_lowercase() {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        let count: u64 = std::mem::take(&mut number).parse().ok()?;
        total = total.checked_add(count.checked_mul(unit)?)?;
    }
    if !number.is_empty() || text.is_empty() {
        total = total.checked_add(number.parse().ok()?)?;
    }
    i32::try_from(total).is_ok().then_some(total)
}

impl Keyword {
    /// What is wrong with `args`, if anything.
    pub(super) fn check(&self, args: &[String]) -> Result<(), String> {
        let [first, rest @ ..] = args else { return Err("it needs a value".into()) };
        let many = matches!(self.takes, Words | Line);
        if !many && (first.is_empty() || !rest.is_empty()) {
            return Err(
                if first.is_empty() { "it needs a value" } else { "it takes one value" }.into()
            );
        }
        let fits = match self.takes {
            YesNo => yes_no(first).is_some(),
            Number => first.parse::<i32>().is_ok(),
            Port => first.parse::<u16>().is_ok_and(|port| port > 0),
            Time => seconds(first).is_some(),
            OneOf(words) => words.iter().any(|word| word.eq_ignore_ascii_case(first)),
            Word | Words | Line => true,
        };
        if fits {
            return Ok(());
        }
        let wanted = match self.takes {
            YesNo => "`yes` or `no`".to_owned(),
            Port => "a port".to_owned(),
            Time => "a number of seconds".to_owned(),
            OneOf(words) => format!("one of {}", words.join(", ")),
            _ => "a number".to_owned(),
        };
        Err(format!("`{first}` is not {wanted}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_old_names_lead_into_it() {
        assert!(KEYWORDS.is_sorted_by(|a, b| a.name < b.name));
        for (old, new) in OLD_NAMES {
            assert_eq!(find(old).unwrap().name, *new);
        }
        assert!(find("bogus").is_none());
    }

    #[test]
    fn times_are_seconds_or_carry_their_units() {
        for (text, wanted) in [
            ("90", Some(90)),
            ("1m30s", Some(90)),
            ("2H", Some(7200)),
            ("none", Some(0)),
            ("", None),
            ("x", None),
            ("m", None),
            ("-1", None),
            ("99999999999", None),
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
    }
}
