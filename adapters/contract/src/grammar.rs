//! One grammar for every platform: the help, Telegram's menu and Discord's slash commands are made from this table.

use crate::command::{ArgumentKind, ArgumentSpec, CommandName, CommandSpec};

const fn word(name: &'static str, about: &'static str) -> ArgumentSpec {
    ArgumentSpec { name, about, kind: ArgumentKind::Word, required: true }
}

const fn optional(name: &'static str, about: &'static str) -> ArgumentSpec {
    ArgumentSpec { name, about, kind: ArgumentKind::Word, required: false }
}

const fn option(name: &'static str, short: char, about: &'static str) -> ArgumentSpec {
    ArgumentSpec { name, about, kind: ArgumentKind::Option { short: Some(short) }, required: false }
}

const fn words(name: &'static str, about: &'static str, required: bool) -> ArgumentSpec {
    ArgumentSpec { name, about, kind: ArgumentKind::Words, required }
}

const NAMESPACE: ArgumentSpec = option("namespace", 'n', "Namespace");
const CLUSTER: ArgumentSpec = ArgumentSpec {
    name: "cluster",
    about: "Cluster, if not this channel's default",
    kind: ArgumentKind::Option { short: None },
    required: false,
};
const SET: ArgumentSpec = ArgumentSpec {
    name: "set",
    about: "Which checks: daily (when none is named), hygiene, or all",
    kind: ArgumentKind::Option { short: None },
    required: false,
};
const FINDING: ArgumentSpec = word("finding", "Its number in the last report here, or in the one that you reply to");
const OBJECT: ArgumentSpec = word("object", "KIND/NAME, such as deployment/checkout");

/// The row of a command.
pub fn spec(name: CommandName) -> &'static CommandSpec {
    // The table has every command (tested), so the fallback is never taken.
    GRAMMAR.iter().find(|spec| spec.name == name).unwrap_or(&GRAMMAR[GRAMMAR.len() - 1])
}

/// The grammar.
pub const GRAMMAR: &[CommandSpec] = &[
    CommandSpec {
        name: CommandName::Inspect,
        word: "inspect",
        summary: "Inspect a cluster now and post what is wrong",
        arguments: &[optional("cluster", "Cluster, if not this channel's default"), NAMESPACE, SET],
        example: "/inspect prod",
    },
    CommandSpec {
        name: CommandName::Ask,
        word: "ask",
        summary: "Ask about a cluster in your own words",
        arguments: &[ArgumentSpec {
            name: "question",
            about: "The question",
            kind: ArgumentKind::Verbatim,
            required: true,
        }],
        example: "/ask why is checkout restarting?",
    },
    CommandSpec {
        name: CommandName::Why,
        word: "why",
        summary: "Why is this object broken? The chain of causes",
        arguments: &[
            word("object", "KIND/NAME, such as deployment/checkout; or a finding's number"),
            NAMESPACE,
            CLUSTER,
        ],
        example: "/why deployment/checkout -n shop",
    },
    CommandSpec {
        name: CommandName::Findings,
        word: "findings",
        summary: "What the last report of a cluster found",
        arguments: &[optional("cluster", "Cluster, if not this channel's default"), SET],
        example: "/findings prod",
    },
    CommandSpec {
        name: CommandName::Score,
        word: "score",
        summary: "Why the score is what it is: where the points went",
        arguments: &[optional("cluster", "Cluster, if not this channel's default"), SET],
        example: "/score prod",
    },
    CommandSpec {
        name: CommandName::Trend,
        word: "trend",
        summary: "Findings and score of the last days, as a picture",
        arguments: &[
            optional("cluster", "Cluster, if not this channel's default"),
            ArgumentSpec {
                name: "days",
                about: "How many days (default 14, at most 90)",
                kind: ArgumentKind::Option { short: Some('d') },
                required: false,
            },
            SET,
        ],
        example: "/trend prod --days 30",
    },
    CommandSpec {
        name: CommandName::Describe,
        word: "describe",
        summary: "One object: state, owner, events",
        arguments: &[OBJECT, NAMESPACE, CLUSTER],
        example: "/describe pod/checkout-7d9f-x -n shop",
    },
    CommandSpec {
        name: CommandName::Logs,
        word: "logs",
        summary: "The last lines of a pod's or workload's log",
        arguments: &[
            word("object", "POD, or KIND/NAME of a workload"),
            NAMESPACE,
            option("container", 'c', "Container, if there are several"),
            ArgumentSpec {
                name: "previous",
                about: "The container before the last restart",
                kind: ArgumentKind::Switch { short: Some('p') },
                required: false,
            },
            ArgumentSpec {
                name: "tail",
                about: "How many lines (default 50, at most 500)",
                kind: ArgumentKind::Option { short: None },
                required: false,
            },
            CLUSTER,
        ],
        example: "/logs deployment/cart -n shop --previous",
    },
    CommandSpec {
        name: CommandName::Events,
        word: "events",
        summary: "Recent warning events of an object or a namespace",
        arguments: &[
            optional("object", "KIND/NAME; without it the namespace's or the cluster's warnings"),
            NAMESPACE,
            CLUSTER,
        ],
        example: "/events deployment/checkout -n shop",
    },
    CommandSpec {
        name: CommandName::Subscribe,
        word: "subscribe",
        summary: "Post a report here on a schedule",
        arguments: &[
            word("cluster", "Cluster"),
            words("schedule", "daily 09:00 Europe/Berlin, or cron 0 9 * * 1-5 Europe/Berlin", true),
            ArgumentSpec {
                name: "only-changes",
                about: "Stay silent when nothing changed",
                kind: ArgumentKind::Switch { short: None },
                required: false,
            },
            SET,
        ],
        example: "/subscribe prod daily 09:00 Europe/Berlin",
    },
    CommandSpec {
        name: CommandName::Unsubscribe,
        word: "unsubscribe",
        summary: "Stop a report here",
        arguments: &[word("cluster", "Cluster, or the number that /subscriptions shows")],
        example: "/unsubscribe prod",
    },
    CommandSpec {
        name: CommandName::Subscriptions,
        word: "subscriptions",
        summary: "The reports that are posted here, and when next",
        arguments: &[],
        example: "/subscriptions",
    },
    CommandSpec {
        name: CommandName::Ack,
        word: "ack",
        summary: "I see to this finding: it stays out until it is solved or grows worse",
        arguments: &[FINDING, words("why", "Why, for the others", false), CLUSTER],
        example: "/ack 2 rolling back",
    },
    CommandSpec {
        name: CommandName::Snooze,
        word: "snooze",
        summary: "Say nothing about this finding for a while, unless it grows worse",
        arguments: &[
            FINDING,
            words("until", "4h, 3d, 17:00, 2026-12-01 or 2026-12-01 09:00 Europe/Berlin; then why", true),
            CLUSTER,
        ],
        example: "/snooze 2 4h the vendor is at it",
    },
    CommandSpec {
        name: CommandName::Mute,
        word: "mute",
        summary: "Keep a sort of findings out of the reports",
        arguments: &[
            word("check", "pod/restart-*, or * for every check; or a finding's number"),
            words("why", "Why, for the others", false),
            NAMESPACE,
            ArgumentSpec {
                name: "name",
                about: "Of the workload or object, such as cart-*",
                kind: ArgumentKind::Option { short: None },
                required: false,
            },
            option("label", 'l', "KEY=VALUE that it carries"),
            ArgumentSpec {
                name: "for",
                about: "How long: 7d or 2026-12-01; without it for good",
                kind: ArgumentKind::Option { short: None },
                required: false,
            },
            CLUSTER,
        ],
        example: "/mute pod/restart-* -n lab --for 7d load tests",
    },
    CommandSpec {
        name: CommandName::Unmute,
        word: "unmute",
        summary: "Tell again what was acknowledged, snoozed or muted",
        arguments: &[word("id", "The id that /muted shows")],
        example: "/unmute m-k3f9a",
    },
    CommandSpec {
        name: CommandName::Muted,
        word: "muted",
        summary: "What is acknowledged, snoozed and muted, by whom, why and until when",
        arguments: &[optional("cluster", "Cluster, if not this channel's default")],
        example: "/muted prod",
    },
    CommandSpec {
        name: CommandName::Fix,
        word: "fix",
        summary: "Propose a repair; nothing changes before somebody approves",
        arguments: &[
            word("action", "undo, restart, scale or delete-pod; or the number of a finding, to do what cures it"),
            optional("object", "KIND/NAME, such as deployment/checkout; not with a number"),
            NAMESPACE,
            ArgumentSpec {
                name: "replicas",
                about: "For scale: how many",
                kind: ArgumentKind::Option { short: Some('r') },
                required: false,
            },
            ArgumentSpec {
                name: "revision",
                about: "For undo: to which revision (default: the one before)",
                kind: ArgumentKind::Option { short: None },
                required: false,
            },
            CLUSTER,
        ],
        example: "/fix undo deployment/checkout -n shop",
    },
    CommandSpec {
        name: CommandName::Proposals,
        word: "proposals",
        summary: "Repairs that wait for a decision, and the latest ones",
        arguments: &[optional("proposal", "The id on a card: all that happened to that one")],
        example: "/proposals",
    },
    CommandSpec {
        name: CommandName::Approve,
        word: "approve",
        summary: "Approve a proposed repair by its id",
        arguments: &[word("proposal", "The id on the card")],
        example: "/approve r-k3f9",
    },
    CommandSpec {
        name: CommandName::Reject,
        word: "reject",
        summary: "Reject a proposed repair by its id",
        arguments: &[word("proposal", "The id on the card")],
        example: "/reject r-k3f9",
    },
    CommandSpec {
        name: CommandName::Cancel,
        word: "cancel",
        summary: "Stop the question that is being worked on here",
        arguments: &[],
        example: "/cancel",
    },
    CommandSpec {
        name: CommandName::Whoami,
        word: "whoami",
        summary: "This chat's and your id, to write into the configuration",
        arguments: &[],
        example: "/whoami",
    },
    CommandSpec {
        name: CommandName::Help,
        word: "help",
        summary: "What you can ask",
        arguments: &[],
        example: "/help",
    },
];
