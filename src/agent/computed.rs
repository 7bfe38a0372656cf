//! Answers without a model: the cause chain that fits the question best, from the objects alone.

use super::{
    Answer, Ended, Exchange, Means, Question, Root, Usage, compose,
    survey::{Survey, Surveyed},
};
use crate::{
    cluster::Cluster,
    diagnosis::{self, Chain},
    finding::Finding,
    redact,
    report::Report,
    texts::agent as texts,
};
use contract::Block;
use tokio_util::sync::CancellationToken;

/// Why the answer is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Because {
    /// No model is configured.
    NoModel,
    /// The model could not be used, in its words.
    ModelFailed(String),
}

/// The whole answer.
pub(super) async fn answer(
    question: &Question<'_>,
    means: &Means<'_>,
    survey: &Survey,
    cancel: &CancellationToken,
    because: Because,
) -> Answer {
    let said = tokio::select! {
        biased;
        () = cancel.cancelled() => None,
        found = find(question, means, survey) => Some(found),
    };
    let now = means.clock.now();
    let root = said.as_ref().and_then(|found| found.root.clone());
    let (body, ended) = match (said, because) {
        (None, _) => (texts::cancelled(question.cluster), Ended::Cancelled),
        (Some(found), Because::NoModel) => {
            let ended = if found.read { Ended::NoModel } else { Ended::NotRead };
            (texts::computed(&texts::no_model(), found.blocks), ended)
        }
        (Some(found), Because::ModelFailed(why)) => {
            (texts::computed(&texts::model_failed(&why), found.blocks), Ended::ModelFailed(why))
        }
    };
    let body = compose::redacted(body);
    let text = contract::plain(&body);
    let exchange = Exchange::new(question.text, question.asked_by, now, Vec::new(), &text);
    Answer { body, text, exchange, ended, usage: Usage::default(), root }
}

/// What can be said.
struct Found {
    blocks: Vec<Block>,
    /// Whether the cluster was read for it.
    read: bool,
    root: Option<Root>,
}

/// What can be said without a model, newest first: of the cluster as it is now; of the report that is talked about; of
/// the latest one that is kept.
async fn find(question: &Question<'_>, means: &Means<'_>, survey: &Survey) -> Found {
    let Some(cluster) = named_cluster(question, means) else {
        return Found {
            blocks: texts::no_such_cluster(question.cluster, &known(means)).blocks,
            read: false,
            root: None,
        };
    };
    match survey.of(cluster, means).await {
        Ok(now) => {
            let Some(chain) = chain(question.text, &now) else {
                let blocks = texts::nothing_matched(&now.report, question.place);
                return Found { blocks, read: true, root: None };
            };
            let root = chain.root.as_ref().and_then(|root| now.report.find(root));
            let root = root.map(|finding| Root { cluster: cluster.name().to_owned(), finding: finding.clone() });
            Found { blocks: crate::texts::why::chain(&chain).blocks, read: true, root }
        }
        Err(why) => {
            let kept = question.report.cloned().filter(|report| report.cluster == cluster.name());
            let kept = kept.or_else(|| (means.latest)(cluster.name()));
            let mut blocks = texts::not_readable(cluster.name(), &redact::text(&why), kept.as_ref());
            if let Some(report) = &kept {
                match best(question.text, report) {
                    Some(root) => blocks.extend(texts::chain(report, root, means.clock.now())),
                    None => blocks.extend(texts::nothing_matched(report, question.place)),
                }
            }
            Found { blocks, read: false, root: None }
        }
    }
}

/// The cause chain that fits the question best.
pub(super) fn chain(question: &str, surveyed: &Surveyed) -> Option<Chain> {
    diagnosis::best_match(question, &surveyed.snapshot, &surveyed.report)
}

/// The cluster that the question names, else the default one.
fn named_cluster<'a>(question: &Question<'_>, means: &'a Means<'_>) -> Option<&'a Cluster> {
    let words = words(question.text);
    let named = means.clusters.iter().find(|(name, _)| words.contains(&name.to_lowercase()));
    named.map(|(_, cluster)| cluster).or_else(|| means.clusters.get(question.cluster)).map(AsRef::as_ref)
}

fn known(means: &Means<'_>) -> Vec<String> {
    means.clusters.keys().cloned().collect()
}

/// The root in a report of what the question names; None where it names nothing in particular.
pub(super) fn named_in(question: &str, report: &Report) -> Option<Root> {
    let root = if names(question, report).is_empty() { None } else { best(question, report) };
    root.map(|finding| Root { cluster: report.cluster.clone(), finding: finding.clone() })
}

/// Words that name nothing.
const FILLERS: &str = "a an and any are at be broken can cannot cluster crashing do does down error errors everything \
    explain failed failing fails fix for from happening has have health help how i in is issue issues it its me my not now of on \
    or our please problem problems red repair restarting running show so starting status tell that the there this to up was we what \
    whats when where which who why with work working worst wrong you";

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.' | '_')))
        .map(|word| word.trim_matches(['.', '-', '_']).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

/// The root of the finding that the question mentions most of; the worst root, if it mentions nothing in particular.
fn best<'a>(question: &str, report: &'a Report) -> Option<&'a Finding> {
    let named = names(question, report);
    if named.is_empty() {
        return report.roots().next();
    }
    let scored =
        report.findings.iter().map(|finding| (named.iter().map(|word| fit(word, finding)).sum::<u32>(), finding));
    let best = scored.filter(|(score, _)| *score > 0).fold(None, |best: Option<(u32, &Finding)>, (score, finding)| {
        let better = best.is_none_or(|(known, than)| (score, finding.severity) > (known, than.severity));
        if better { Some((score, finding)) } else { best }
    });
    best.map(|(_, finding)| report.root_of(finding))
}

/// The words of a question that can name something.
fn names(question: &str, report: &Report) -> Vec<String> {
    let fillers: Vec<&str> = FILLERS.split_whitespace().collect();
    let cluster = report.cluster.to_lowercase();
    let mut named = words(question);
    named.retain(|word| !fillers.contains(&word.as_str()) && *word != cluster);
    named
}

/// How much a word says that the finding is meant.
fn fit(word: &str, finding: &Finding) -> u32 {
    let name = finding.target.name.to_lowercase();
    let part = |name: &str| name.split(['-', '.']).any(|part| part == word);
    let objects = || finding.objects.iter().any(|object| object.name.eq_ignore_ascii_case(word));
    if name == word || objects() {
        10
    } else if part(&name) || (word.len() >= 4 && (name.starts_with(word) || word.starts_with(&format!("{name}-")))) {
        6
    } else if finding.target.namespace.as_deref() == Some(word) {
        3
    } else if finding.target.kind.to_lowercase() == word.trim_end_matches('s') {
        2
    } else {
        u32::from(
            word.len() >= 5 && (finding.title.to_lowercase().contains(word) || finding.id.as_str().contains(word)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::fixture::{finding, report};

    #[test]
    fn the_finding_that_the_question_names_is_found() {
        let report = report(vec![
            finding("deployment/unavailable", "Deployment", "checkout", "Checkout has no ready pod", None),
            finding("pod/image-pull", "Pod", "checkout-7d", "The image cannot be pulled", Some(0)),
            finding("node/not-ready", "Node", "worker-2", "Node worker-2 is not ready", None),
            finding("cronjob/last-run-failed", "CronJob", "backup-db", "The last backup failed", None),
        ]);
        for (question, expected) in [
            ("why is checkout failing?", Some("checkout")),
            ("Why is checkout-7d not starting", Some("checkout")),
            ("what about the backup?", Some("backup-db")),
            ("which nodes are broken", Some("worker-2")),
            ("what is wrong?", Some("checkout")),
            ("is prod down", Some("checkout")),
            ("why is payments failing?", None),
        ] {
            let found = best(question, &report).map(|finding| finding.target.name.as_str());
            assert_eq!(found, expected, "{question}");
        }
    }
}
