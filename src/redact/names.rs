//! Which names stand for a secret: `DB_PASSWORD` does, `secretName` and `tokenReviews` do not.

/// Words that say so by themselves.
const SENSITIVE: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "secretkey",
    "accesskey",
    "privatekey",
    "signingkey",
    "credential",
    "credentials",
    "authorization",
    "cookie",
    "dockerconfigjson",
    "dockercfg",
];
/// Run together with something before: `dbpassword`, `authtoken`.
const SENSITIVE_ENDINGS: &[&str] =
    &["password", "passwd", "passphrase", "token", "secret", "apikey", "secretkey", "accesskey", "privatekey"];
/// What makes a following `key` one.
const BEFORE_KEY: &[&str] = &[
    "api",
    "access",
    "private",
    "secret",
    "signing",
    "encryption",
    "auth",
    "account",
    "master",
    "shared",
    "tls",
    "ssh",
    "ca",
    "server",
    "client",
    "license",
    "webhook",
    "hmac",
    "jwt",
];
/// After a sensitive word these still mean the value itself.
const STILL_VALUE: &[&str] =
    &["data", "value", "string", "plain", "text", "b64", "base64", "prod", "dev", "test", "staging"];
/// In names of environment variables anything after a sensitive word may; but after these it is about the secret, not the secret.
const ABOUT: &[&str] = &[
    "name",
    "names",
    "ref",
    "file",
    "path",
    "dir",
    "url",
    "uri",
    "id",
    "ids",
    "ttl",
    "expiry",
    "expires",
    "expiration",
    "seconds",
    "minutes",
    "hours",
    "days",
    "count",
    "length",
    "len",
    "min",
    "max",
    "policy",
    "type",
    "class",
    "provider",
    "version",
    "header",
    "issuer",
    "audience",
    "audiences",
    "enabled",
    "required",
    "algorithm",
    "namespace",
    "mount",
    "limit",
    "size",
    "interval",
    "timeout",
    "reviews",
    "review",
    "endpoint",
    "host",
    "port",
    "service",
    "store",
    "controller",
    "rotation",
];

/// Found in the lower-case form of every sensitive name, so that a text can be searched for them.
pub(super) const STEMS: &str = "pass|pwd|secret|token|key|credential|authorization|cookie|docker|auth";

/// Whether the value under this name is a secret.
pub(super) fn is_sensitive(name: &str) -> bool {
    if name.len() > 128 {
        return false;
    }
    let words = words(name);
    let Some(last) = words.last() else { return false };
    let last_is_extra = STILL_VALUE.contains(&last.as_str()) || last.bytes().all(|byte| byte.is_ascii_digit());
    let environment = name.contains('_') && !name.bytes().any(|byte| byte.is_ascii_lowercase());
    if environment {
        return !ABOUT.contains(&last.as_str()) && (0..words.len()).any(|at| at_word(&words, at));
    }
    let decisive = if last_is_extra { words.len().checked_sub(2) } else { words.len().checked_sub(1) };
    decisive.is_some_and(|at| at_word(&words, at))
}

fn at_word(words: &[String], at: usize) -> bool {
    let Some(word) = words.get(at).map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit())) else {
        return false;
    };
    let before = at.checked_sub(1).and_then(|before| words.get(before)).map(String::as_str);
    match (word, before) {
        ("key", Some(before)) => BEFORE_KEY.contains(&before),
        ("pass", before) => before.is_some(),
        (word, _) => SENSITIVE.contains(&word) || SENSITIVE_ENDINGS.iter().any(|ending| word.ends_with(ending)),
    }
}

/// `dbPassword`, `db-password` and `DB_PASSWORD` are the same two words.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut chars = name.chars().peekable();
    let mut previous_lower = false;
    let mut previous_upper = false;
    while let Some(c) = chars.next() {
        let next_lower = chars.peek().is_some_and(char::is_ascii_lowercase);
        let starts = c.is_ascii_uppercase() && (previous_lower || (previous_upper && next_lower));
        if starts || !c.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
        previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        previous_upper = c.is_ascii_uppercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::is_sensitive;

    #[test]
    fn names_of_secrets() {
        for name in [
            "password",
            "PASSWORD",
            "dbPassword",
            "DB_PASSWORD",
            "db-password",
            "spring.datasource.password",
            "PASSWORD_PROD",
            "password2",
            "apiKey",
            "API_KEY",
            "APIKey",
            "x-api-key",
            "apikey",
            "authToken",
            "authtoken",
            "client_secret",
            "AWS_SECRET_ACCESS_KEY",
            "tls.key",
            "client-key-data",
            "DB_PASS",
            "privateKey",
            "--token",
            "Cookie",
            "Authorization",
            ".dockerconfigjson",
            "TOKEN_1",
            "bearerToken",
            "GITHUB_TOKEN_BOT",
            "passphrase",
        ] {
            assert!(is_sensitive(name), "{name}");
        }
    }

    #[test]
    fn names_about_secrets() {
        for name in [
            "secretName",
            "secretKeyRef",
            "imagePullSecrets",
            "tokenReviews",
            "tokenreviews",
            "tokens",
            "max_tokens",
            "secrets",
            "TOKEN_FILE",
            "PASSWORD_MIN_LENGTH",
            "passwordSecretRef",
            "tokenExpirationSeconds",
            "secretProviderClass",
            "topologyKey",
            "key",
            "uid",
            "pod-template-hash",
            "token-service",
            "accessKeyId",
            "SECRET_NAME",
            "pass",
            "bypass",
            "compass",
            "keyboard",
            "certificate-authority-data",
            "authority",
            "serviceAccountName",
            "audiences",
            "monkey",
            "secret-store-operator",
        ] {
            assert!(!is_sensitive(name), "{name}");
        }
    }
}
