//! What the API server says of its own health, check by check.

use super::{Gathered, Round};
use crate::cluster::wire::TEXT;
use crate::snapshot::{HealthCheck, ObjectMeta, Resource, Why};

/// A server of today has some fifty checks.
const MOST_CHECKS: usize = 500;
const LONGEST_MESSAGE: usize = 200;

pub(super) async fn read(round: &Round<'_>, into: &mut Gathered) {
    let (readyz, livez) = futures::join!(ask(round, "readyz"), ask(round, "livez"));
    let mut result = Ok(());
    for answer in [readyz, livez] {
        match answer {
            Ok(checks) => into.objects.health_checks.extend(checks),
            Err(why) => result = Err(why),
        }
    }
    into.settle(Resource::HealthChecks, result);
}

async fn ask(round: &Round<'_>, endpoint: &str) -> Result<Vec<HealthCheck>, Why> {
    let response = round.wire.get_once(&format!("/{endpoint}?verbose"), TEXT).await?;
    let status = response.status();
    let body = round.wire.small_body(response).await?;
    let said = String::from_utf8_lossy(&body);
    let checks = parse(endpoint, &said);
    if checks.is_empty() {
        // Some providers answer without the checks.
        let message = if status.is_success() { String::new() } else { format!("{status}: {}", first_line(&said)) };
        return Ok(vec![check(endpoint, endpoint, status.is_success(), &message)]);
    }
    Ok(checks)
}

/// `[+]ping ok`, `[-]etcd failed: reason withheld`, `[+]log excluded: ok`; the last line sums up.
fn parse(endpoint: &str, said: &str) -> Vec<HealthCheck> {
    let lines = said.lines().filter_map(|line| {
        let (ok, rest) = match (line.strip_prefix("[+]"), line.strip_prefix("[-]")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return None,
        };
        let (name, message) = rest.split_once(' ').unwrap_or((rest, ""));
        Some(check(endpoint, name, ok, if ok { "" } else { message }))
    });
    lines.take(MOST_CHECKS).collect()
}

fn check(endpoint: &str, name: &str, ok: bool, message: &str) -> HealthCheck {
    let message: String = message.chars().take(LONGEST_MESSAGE).collect();
    HealthCheck {
        meta: ObjectMeta { name: name.into(), ..ObjectMeta::default() },
        endpoint: endpoint.into(),
        ok,
        message: (&*crate::redact::text(&message)).into(),
    }
}

fn first_line(said: &str) -> &str {
    said.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::parse;

    /// As v1.37 writes it, shortened.
    const SAID: &str = "[+]ping ok\n[+]log excluded: ok\n[-]etcd failed: reason withheld\n[+]informer-sync ok\n\
        [+]poststarthook/start-apiextensions-controllers ok\n[-]shutdown failed: reason withheld\nreadyz check failed\n";

    #[test]
    fn every_check_is_named_with_what_it_says() {
        let checks = parse("readyz", SAID);
        assert_eq!(checks.len(), 6);
        let failed: Vec<(&str, &str)> =
            checks.iter().filter(|check| !check.ok).map(|check| (&*check.meta.name, &*check.message)).collect();
        assert_eq!(failed, [("etcd", "failed: reason withheld"), ("shutdown", "failed: reason withheld")]);
        assert!(checks.iter().all(|check| check.endpoint == "readyz"));
    }

    #[test]
    fn what_is_no_list_of_checks_is_none() {
        assert!(parse("livez", "ok").is_empty());
        assert!(parse("livez", "<html>\n[ + ]\n").is_empty());
        assert_eq!(parse("livez", &"[-]x y\n".repeat(100_000)).len(), super::MOST_CHECKS);
        let long = format!("[-]etcd {}\n[-]\n", "x".repeat(2 << 20));
        let checks = parse("livez", &long);
        assert_eq!((checks.len(), checks[0].message.len()), (2, super::LONGEST_MESSAGE));
    }
}
