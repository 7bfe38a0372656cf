//! The forms of a report: one name, file and media type each, the same for terminal, API and chat.

pub mod chart;
mod html;
pub mod json;
mod junit;
mod markdown;
mod offer;
mod prometheus;
pub mod text;

use crate::finding::Severity;
use crate::inspection::Trend;
use crate::report::Report;
use std::fmt;
use std::str::FromStr;

pub use offer::{Offer, offers};

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For a terminal.
    Text,
    /// `roundsman/report/v1`.
    Json,
    /// For an issue or a wiki.
    Markdown,
    /// One file with charts that loads nothing.
    Html,
    /// For a CI: one test case per check.
    Junit,
    /// The text exposition format, for node_exporter's textfile collector or a scrape.
    Prometheus,
}

/// What a form shows beside the report. Each form heeds what concerns it.
#[derive(Debug, Clone)]
pub struct View {
    /// Text: with or without colours.
    pub style: text::Style,
    /// Text: says where the points went. Markdown and HTML always do.
    pub explain_score: bool,
    /// JUnit: from which severity on a finding is a failure.
    pub fail_on: Severity,
    /// HTML: the last days.
    pub trend: Option<Trend>,
}

impl Default for View {
    fn default() -> Self {
        Self { style: text::Style::Plain, explain_score: false, fail_on: Severity::High, trend: None }
    }
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Text, Self::Json, Self::Markdown, Self::Html, Self::Junit, Self::Prometheus];

    /// The report in this form, with a line feed at its end.
    ///
    /// # Errors
    /// When JSON cannot be written, which no report brings about.
    pub fn write(self, report: &Report, view: &View) -> Result<String, serde_json::Error> {
        Ok(match self {
            Self::Text => text::write(report, view),
            Self::Json => json::write(report)?,
            Self::Markdown => markdown::write(report),
            Self::Html => html::write(report, view.trend.as_ref()),
            Self::Junit => junit::write(report, view.fail_on),
            Self::Prometheus => prometheus::write(report),
        })
    }

    /// The name on the command line and in a query.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Junit => "junit",
            Self::Prometheus => "prometheus",
        }
    }

    /// For `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Json => "application/json",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Junit => "application/xml",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// How a file's name ends.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Json => "json",
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Junit => "xml",
            Self::Prometheus => "prom",
        }
    }

    /// The first form that an `Accept` header names; none if it names none of them, or takes anything.
    pub fn accepted(accept: &str) -> Option<Self> {
        accept.split(',').find_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
            let exposition = parts.any(|parameter| parameter.starts_with("version="));
            match essence.as_str() {
                "text/plain" if exposition => Some(Self::Prometheus),
                "text/plain" => Some(Self::Text),
                "application/json" => Some(Self::Json),
                "text/markdown" => Some(Self::Markdown),
                "text/html" => Some(Self::Html),
                "application/xml" | "text/xml" => Some(Self::Junit),
                _ => None,
            }
        })
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Form {
    type Err = UnknownForm;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|form| form.name() == text).ok_or_else(|| UnknownForm(text.to_owned()))
    }
}

/// A word that is no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown form {0:?}: one of text, json, markdown, html, junit, prometheus")]
pub struct UnknownForm(pub String);

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn names_read_back() {
        for form in Form::ALL {
            assert_eq!(form.name().parse(), Ok(form));
        }
        assert!("yaml".parse::<Form>().is_err());
    }

    #[test]
    fn an_accept_header_names_a_form() {
        for (accept, form) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(Form::Html)),
            ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", Some(Form::Prometheus)),
            ("text/plain", Some(Form::Text)),
            ("application/json", Some(Form::Json)),
            ("Text/Markdown", Some(Form::Markdown)),
            ("*/*", None),
            ("", None),
        ] {
            assert_eq!(Form::accepted(accept), form, "{accept}");
        }
    }
}
