//! What a person did, on its way to the core: stored, offered, marked. Goes on when the page hangs up.

use crate::chat::{Chat, Refusal, Stored};
use contract::{Intake, IntakeError, Stop, Token};
use serde::Serialize;
use std::{io, sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// Waiting between two offers of something that an earlier run of the bot left behind.
const AGAIN: Duration = Duration::from_secs(2);

/// Something to bring to the core, and who waits for it.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) task: Task,
    pub(crate) reply: oneshot::Sender<Result<Outcome, Refusal>>,
}

/// What somebody did.
#[derive(Debug)]
pub(crate) enum Task {
    Say { room: String, who: String, text: String, reply_to: Option<String>, key: Option<String> },
    Press { room: String, who: String, message: String, token: Token },
}

/// It is the core's now.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    id: String,
}

/// Does a job and answers.
pub(crate) async fn work(chat: Arc<Chat>, intake: &dyn Intake, job: Job) {
    let outcome = bring(&chat, intake, job.task).await;
    if job.reply.send(outcome).is_err() {
        tracing::debug!("the page hung up before its answer");
    }
}

async fn bring(chat: &Arc<Chat>, intake: &dyn Intake, task: Task) -> Result<Outcome, Refusal> {
    let stored = blocking(chat, move |chat| match task {
        Task::Say { room, who, text, reply_to, key } => chat.say(&room, &who, text, reply_to.as_deref(), key),
        Task::Press { room, who, message, token } => chat.press(&room, &who, &message, token),
    });
    let number = match stored.await?? {
        Stored::Known(number) => return Ok(outcome(chat, number)),
        Stored::Offer(number) => number,
    };
    match offer(chat, intake, number).await {
        Ok(()) => Ok(outcome(chat, number)),
        Err(refusal) => {
            if let Refusal::Intake(_) = &refusal {
                blocking(chat, move |chat| chat.withdrawn(number)).await??;
            }
            Err(refusal)
        }
    }
}

/// Offers what an earlier run stored and did not bring to the core, until the core has it.
pub(crate) async fn offer_again(chat: Arc<Chat>, intake: &dyn Intake, stop: Stop, number: u64) {
    while let Err(refusal) = offer(&chat, intake, number).await {
        tracing::warn!(?refusal, "a message of an earlier run is not accepted yet");
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            () = stop.stopped() => return,
        }
    }
}

async fn offer(chat: &Arc<Chat>, intake: &dyn Intake, number: u64) -> Result<(), Refusal> {
    let Some(inbound) = chat.inbound(number) else { return Err(Refusal::NoMessage) };
    intake.accept(inbound).await.map_err(|IntakeError(text)| Refusal::Intake(text))?;
    blocking(chat, move |chat| chat.accepted(number)).await??;
    Ok(())
}

fn outcome(chat: &Chat, number: u64) -> Outcome {
    Outcome { id: chat.id(number) }
}

/// Runs what writes to the disk beside the runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    chat: &Arc<Chat>,
    act: impl FnOnce(&Chat) -> T + Send + 'static,
) -> io::Result<T> {
    let chat = Arc::clone(chat);
    tokio::task::spawn_blocking(move || act(&chat)).await.map_err(io::Error::other)
}
