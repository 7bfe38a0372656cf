//! Receiving by long polling: an update is acknowledged (by asking for the next one) only after the core has stored it.

use crate::{
    api::{Api, Failure},
    config::{Clock, Config},
    receive::{self, Identity, Received, read},
    refusal, texts,
};
use contract::{AdapterFailure, Connection, GRAMMAR, Intake, Stop};
use serde_json::Value;
use std::time::Duration;
use teloxide::{
    payloads::{AnswerCallbackQuery, GetMe, GetUpdates, SetMyCommands},
    types::{AllowedUpdate, BotCommand, CallbackQueryId, UpdateKind},
};
use tokio::task::JoinSet;

/// Answers to presses that may be under way at once.
const ANSWERS: usize = 16;
/// How long a stop waits for them. Nothing is lost without them but the end of a spinner.
const FAREWELL: Duration = Duration::from_secs(2);

pub(crate) async fn run(
    api: &Api,
    config: &Config,
    clock: &Clock,
    intake: &dyn Intake,
    stop: Stop,
) -> Result<(), AdapterFailure> {
    let mut polling =
        Polling { api, config, clock, intake, stop, told: None, failures: 0, offset: None, answers: JoinSet::new() };
    let result = polling.run().await;
    let farewell = async { while polling.answers.join_next().await.is_some() {} };
    // Whatever is still under way after this is dropped with the set.
    let _timed_out = tokio::time::timeout(FAREWELL, farewell).await;
    result
}

struct Polling<'a> {
    api: &'a Api,
    config: &'a Config,
    clock: &'a Clock,
    intake: &'a dyn Intake,
    stop: Stop,
    /// What was told last.
    told: Option<Connection>,
    failures: u32,
    /// The first update that is not stored yet.
    offset: Option<i32>,
    answers: JoinSet<()>,
}

/// Stop was said.
struct Stopping;

impl Polling<'_> {
    async fn run(&mut self) -> Result<(), AdapterFailure> {
        let me = loop {
            match self.unless_stopped(self.api.call::<_, Identity>(&GetMe::new())).await {
                Err(Stopping) => return Ok(()),
                Ok(Ok(me)) => break me,
                Ok(Err(failure)) => {
                    if self.trouble(&failure).await?.is_err() {
                        return Ok(());
                    }
                }
            }
        };
        self.publish_commands().await;
        loop {
            // The first question after a failure does not wait, so that "up" is known at once.
            let patience = if self.told == Some(Connection::Up) { self.config.poll_timeout } else { Duration::ZERO };
            let updates = self.unless_stopped(self.updates(patience)).await;
            match updates {
                Err(Stopping) => return Ok(()),
                Ok(Ok(updates)) => {
                    self.failures = 0;
                    self.report(Connection::Up);
                    for update in updates {
                        if self.take(update, &me).await.is_err() {
                            return Ok(());
                        }
                    }
                }
                Ok(Err(failure)) => {
                    if self.trouble(&failure).await?.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn updates(&self, patience: Duration) -> impl Future<Output = Result<Vec<Value>, Failure>> + use<'_> {
        let mut request = GetUpdates::new();
        request.offset = self.offset;
        request.timeout = Some(u32::try_from(patience.as_secs()).unwrap_or(u32::MAX));
        request.allowed_updates =
            Some(vec![AllowedUpdate::Message, AllowedUpdate::CallbackQuery, AllowedUpdate::MyChatMember]);
        // Values first: one update of a new kind must not hide the others.
        async move { self.api.call(&request).await }
    }

    /// Hands one update in, for as long as it takes, and then moves the watermark past it.
    async fn take(&mut self, value: Value, me: &Identity) -> Result<(), Stopping> {
        let Some(id) = value.get("update_id").and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok()) else {
            tracing::error!("Telegram sent an update without a usable id; it is left out");
            return Ok(());
        };
        let received = match receive::update(&value) {
            Ok(update) => {
                if matches!(update.kind, UpdateKind::Error(_)) {
                    tracing::warn!(update_id = id, "an update of a kind that this version does not know is left out");
                }
                read(update, me, self.clock.now())
            }
            Err(error) => {
                tracing::warn!(update_id = id, %error, "an update that cannot be read is left out");
                Received { inbound: None, press: None }
            }
        };
        if let Some(inbound) = received.inbound {
            let mut failures = 0;
            while let Err(error) = self.intake.accept(inbound.clone()).await {
                failures += 1;
                tracing::warn!(update_id = id, %error, failures, "an update could not be stored; it is offered again");
                self.pause(self.config.backoff.after(failures)).await?;
            }
        }
        if let Some(press) = received.press {
            self.answer(press).await;
        }
        self.offset = Some(id.saturating_add(1));
        if self.stop.is_stopped() { Err(Stopping) } else { Ok(()) }
    }

    /// Stops the spinner on a button. It can be answered only once, so it is answered empty; the core says the rest.
    async fn answer(&mut self, press: CallbackQueryId) {
        while self.answers.try_join_next().is_some() {}
        if self.answers.len() >= ANSWERS {
            self.answers.join_next().await;
        }
        let api = self.api.clone();
        self.answers.spawn(async move {
            if let Err(failure) = api.call::<_, bool>(&AnswerCallbackQuery::new(press)).await
                && !refusal::is_old_query(&failure)
            {
                tracing::warn!(%failure, "a button's spinner could not be stopped");
            }
        });
    }

    async fn publish_commands(&self) {
        let commands = GRAMMAR.iter().map(|spec| BotCommand::new(spec.word, spec.summary));
        if let Err(failure) = self.api.call::<_, bool>(&SetMyCommands::new(commands)).await {
            tracing::warn!(%failure, "Telegram's command menu could not be set; the commands work without it");
        }
    }

    /// Reports why nothing is received and waits; an error that a person must mend ends the adapter.
    async fn trouble(&mut self, failure: &Failure) -> Result<Result<(), Stopping>, AdapterFailure> {
        self.failures += 1;
        let mut wait = self.config.backoff.after(self.failures);
        let why = match failure {
            Failure::Refused(refusal) if refusal::is_token_refused(refusal) => {
                let text = texts::token_refused(&refusal.description);
                self.report(Connection::Down(text.clone()));
                return Err(AdapterFailure(text));
            }
            Failure::Refused(refusal) if refusal.code == 409 && refusal.description.contains("webhook") => {
                texts::webhook_is_set()
            }
            Failure::Refused(refusal) if refusal.code == 409 => texts::two_pollers(),
            Failure::Refused(refusal) => {
                wait = wait.max(Duration::from_secs(refusal.retry_after.unwrap_or(0)));
                texts::unreachable(&refusal.description)
            }
            Failure::NotSent(problem) | Failure::Lost(problem) => texts::unreachable(problem),
        };
        self.report(Connection::Down(why));
        Ok(self.pause(wait).await)
    }

    /// Tells a change, once.
    fn report(&mut self, connection: Connection) {
        if self.told.as_ref() != Some(&connection) {
            self.intake.connection(connection.clone());
            self.told = Some(connection);
        }
    }

    async fn pause(&self, wait: Duration) -> Result<(), Stopping> {
        self.unless_stopped(tokio::time::sleep(wait)).await
    }

    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Stopping> {
        tokio::select! {
            biased;
            () = self.stop.stopped() => Err(Stopping),
            result = work => Ok(result),
        }
    }
}
