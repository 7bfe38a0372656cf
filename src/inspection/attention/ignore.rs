//! What objects say about themselves: `roundsman.dev/ignore: pod/restart-*, service/no-endpoints`, or `*`. It counts on
//! the object that a finding is about, on its namespace, and on the objects that show it, if all of them say so.

use super::pattern::Pattern;
use crate::diagnosis::{Graph, ObjectId};
use crate::finding::{CheckId, Finding, ObjectRef, Target};
use crate::snapshot::ObjectMeta;

/// The annotation's name.
const IGNORE: &str = "roundsman.dev/ignore";

/// The object whose annotation keeps the finding out.
pub(super) fn by(graph: &Graph<'_>, finding: &Finding) -> Option<Target> {
    let target = &finding.target;
    let namespace = target.namespace.as_ref().map(|namespace| Target::cluster_wide("Namespace", namespace));
    let said =
        [Some(target.clone()), namespace].into_iter().flatten().find(|target| ignores(graph, target, &finding.id));
    let shown = || {
        let mut objects = finding.objects.iter().map(ObjectRef::target);
        let first = objects.next()?;
        (ignores(graph, &first, &finding.id) && objects.all(|object| ignores(graph, &object, &finding.id)))
            .then_some(first)
    };
    said.or_else(shown)
}

fn ignores(graph: &Graph<'_>, target: &Target, check: &CheckId) -> bool {
    let list = meta(graph, graph.find_target(target)).and_then(|meta| meta.annotations.get(IGNORE));
    list.is_some_and(|list| {
        let patterns = list.split([',', ' ', '\n']).filter(|pattern| !pattern.is_empty());
        patterns.map(Pattern::from).any(|pattern| pattern.matches(check.as_str()))
    })
}

/// The value of a label of what the finding is about; else of every object that shows it, where all have the same.
pub(super) fn label<'a>(graph: &Graph<'a>, finding: &Finding, key: &str) -> Option<&'a str> {
    let value = |target: &Target| -> Option<&'a str> {
        meta(graph, graph.find_target(target))?.labels.get(key).map(|value| value.as_str())
    };
    value(&finding.target).or_else(|| {
        let mut values = finding.objects.iter().map(|object| value(&object.target()));
        let first = values.next()??;
        values.all(|other| other == Some(first)).then_some(first)
    })
}

fn meta<'a>(graph: &Graph<'a>, id: Option<ObjectId>) -> Option<&'a ObjectMeta> {
    graph.object(id?).entity.map(|entity| entity.meta())
}
