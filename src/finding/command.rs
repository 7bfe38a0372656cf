//! Remedies as commands for a person's terminal.

use crate::finding::{ActionHint, Remedy, RemedyKind, Target};
use std::borrow::Cow;

/// The command of a remedy: that of an action does the same by hand.
pub fn of(remedy: &Remedy) -> Cow<'_, str> {
    match &remedy.what {
        RemedyKind::Command(command) => Cow::Borrowed(command),
        RemedyKind::Action(action) => Cow::Owned(kubectl(action)),
    }
}

fn kubectl(action: &ActionHint) -> String {
    let Target { kind, namespace, name } = action.target();
    let namespace = namespace.as_ref().map_or(String::new(), |namespace| format!("-n {} ", quoted(namespace)));
    let object = format!("{}/{}", kind.to_lowercase(), name);
    let object = quoted(&object);
    let what = match action {
        ActionHint::RestartRollout { .. } => format!("rollout restart {object}"),
        ActionHint::UndoRollout { to_revision: None, .. } => format!("rollout undo {object}"),
        ActionHint::UndoRollout { to_revision: Some(revision), .. } => {
            format!("rollout undo {object} --to-revision={revision}")
        }
        ActionHint::Scale { replicas, .. } => format!("scale {object} --replicas={replicas}"),
        ActionHint::DeletePod { .. } => format!("delete {object}"),
    };
    format!("kubectl {namespace}{what}")
}

/// A word of a command line. Most names need no quotes; those of roles may hold anything but `/` and `%`.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | ',' | '@');
    if !word.is_empty() && word.chars().all(bare) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', "'\\''")))
    }
}

#[cfg(test)]
mod tests {
    use super::{of, quoted};
    use crate::finding::{ActionHint, Remedy, Target};

    #[test]
    fn an_action_is_a_command_too() {
        let api = || Target::namespaced("Deployment", "shop", "api");
        for (action, command) in [
            (ActionHint::RestartRollout { target: api() }, "kubectl -n shop rollout restart deployment/api"),
            (
                ActionHint::UndoRollout { target: api(), to_revision: None },
                "kubectl -n shop rollout undo deployment/api",
            ),
            (
                ActionHint::UndoRollout { target: api(), to_revision: Some(3) },
                "kubectl -n shop rollout undo deployment/api --to-revision=3",
            ),
            (ActionHint::Scale { target: api(), replicas: 2 }, "kubectl -n shop scale deployment/api --replicas=2"),
            (
                ActionHint::DeletePod { target: Target::namespaced("Pod", "shop", "api-x") },
                "kubectl -n shop delete pod/api-x",
            ),
        ] {
            assert_eq!(of(&Remedy::action("", action)), command);
        }
    }

    #[test]
    fn a_name_never_becomes_a_command() {
        assert_eq!(quoted("system:node-proxier"), "system:node-proxier");
        assert_eq!(quoted("$(reboot)"), "'$(reboot)'");
        assert_eq!(quoted("it's; ls"), "'it'\\''s; ls'");
        assert_eq!(quoted(""), "''");
    }
}
