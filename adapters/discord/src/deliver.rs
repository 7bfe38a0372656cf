//! One message out: where it goes, and what Discord's answer means for the outbox.

use crate::{
    receipt::{Interaction, Kind},
    receive::Acknowledgements,
    refusal::CallError,
    render::{Rendered, render},
    route::Route,
    sender::Sender,
};
use contract::{ChannelRef, DeliveryError, MessageRef, Outbound, OutboundKind, Platform, Visibility};
use reqwest12::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serenity::builder::{CreateActionRow, CreateAllowedMentions, CreateEmbed};

/// Only the person who asked sees it.
const EPHEMERAL: u64 = 1 << 6;
/// "The bot is thinking": the deferred response that has no content yet.
const LOADING: u64 = 1 << 7;

/// A message's request body. Everything is always said: what an edit leaves out would stay as it was.
#[derive(Serialize)]
struct Payload<'a> {
    content: &'a str,
    embeds: Vec<CreateEmbed>,
    components: &'a [CreateActionRow],
    attachments: Vec<Attachment<'a>>,
    allowed_mentions: CreateAllowedMentions,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<u64>,
    /// With `enforce_nonce` Discord returns the message that already has this nonce instead of making another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enforce_nonce: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_reference: Option<Reference<'a>>,
}

#[derive(Serialize)]
struct Attachment<'a> {
    id: usize,
    filename: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
}

#[derive(Serialize)]
struct Reference<'a> {
    message_id: &'a str,
    /// A reply to a message that is gone becomes a plain post.
    fail_if_not_exists: bool,
}

/// What is read of a message of ours.
#[derive(Deserialize)]
struct Standing {
    id: String,
    channel_id: String,
    #[serde(default)]
    flags: u64,
    #[serde(default)]
    content: String,
    #[serde(default)]
    embeds: Vec<StandingEmbed>,
}

#[derive(Deserialize)]
struct StandingEmbed {
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct DirectChannel {
    id: String,
}

impl<'a> Payload<'a> {
    fn new(rendered: &'a Rendered) -> Self {
        let attachments = rendered.uploads.iter().zip(&rendered.alts).enumerate();
        Self {
            content: &rendered.content,
            embeds: rendered.embed.iter().map(|text| CreateEmbed::new().description(text)).collect(),
            components: &rendered.rows,
            attachments: attachments
                .map(|(id, (upload, alt))| Attachment { id, filename: &upload.name, description: alt })
                .collect(),
            allowed_mentions: CreateAllowedMentions::new().replied_user(false),
            flags: None,
            nonce: None,
            enforce_nonce: None,
            message_reference: None,
        }
    }
}

impl Standing {
    fn reference(self) -> MessageRef {
        MessageRef { channel: ChannelRef::new(Platform::Discord, self.channel_id), id: self.id }
    }

    /// Whether this is what we were about to say. Discord trims.
    fn says(&self, rendered: &Rendered) -> bool {
        let embed = self.embeds.first().map(|embed| embed.description.trim());
        self.content.trim() == rendered.content.trim() && embed == rendered.embed.as_deref().map(str::trim)
    }
}

/// Where a channel's messages go: a thread is a channel of its own.
fn place(channel: &ChannelRef) -> &str {
    channel.thread.as_deref().unwrap_or(&channel.id)
}

pub(crate) async fn working(sender: &Sender, channel: &ChannelRef) {
    if let Err(error) = sender.call(Route::typing(place(channel))).await {
        tracing::debug!(?error, %channel, "not shown as typing");
    }
}

pub(crate) async fn deliver(
    sender: &Sender,
    acknowledgements: &Acknowledgements,
    message: &Outbound,
) -> Result<MessageRef, DeliveryError> {
    if let OutboundKind::Retract { message } = &message.kind {
        return retract(sender, message).await;
    }
    let rendered = render(&message.body);
    if rendered.is_empty() {
        return Err(DeliveryError::Rejected("the message is empty".to_owned()));
    }
    let post = Post { sender, message, rendered };
    match &message.kind {
        OutboundKind::Post { reply_to } => post.to(place(&message.to), reply_to.as_ref()).await,
        OutboundKind::Edit { message } => post.edit(message).await,
        OutboundKind::Retract { message } => retract(sender, message).await,
        OutboundKind::Answer { receipt, reply_to, visibility } => {
            let Some(interaction) = receipt.as_ref().and_then(Interaction::read) else {
                return post.to(place(&message.to), reply_to.as_ref()).await;
            };
            acknowledgements.settled(&interaction.id).await;
            match visibility {
                Visibility::Channel => post.answer(&interaction, reply_to.as_ref()).await,
                Visibility::Private => post.whisper(&interaction).await,
            }
        }
    }
}

/// Takes a message away; one that is gone already is what was wanted.
async fn retract(sender: &Sender, message: &MessageRef) -> Result<MessageRef, DeliveryError> {
    match sender.call(Route::delete(place(&message.channel), &message.id)).await {
        Ok(()) => Ok(message.clone()),
        Err(error) if error.is_unknown_message() => Ok(message.clone()),
        Err(error) => Err(error.repeatable()),
    }
}

struct Post<'a> {
    sender: &'a Sender,
    message: &'a Outbound,
    rendered: Rendered,
}

impl Post<'_> {
    /// A new message. Sending it again is safe, by its nonce.
    async fn to(&self, channel: &str, reply_to: Option<&MessageRef>) -> Result<MessageRef, DeliveryError> {
        let mut payload = Payload::new(&self.rendered);
        payload.nonce = Some(self.message.id.as_str());
        payload.enforce_nonce = Some(true);
        // Only within the channel; Discord refuses a reference to another one.
        payload.message_reference = reply_to
            .filter(|message| place(&message.channel) == channel)
            .map(|message| Reference { message_id: &message.id, fail_if_not_exists: false });
        self.ask(Route::post(channel), &payload).await.map(Standing::reference).map_err(CallError::repeatable)
    }

    async fn edit(&self, message: &MessageRef) -> Result<MessageRef, DeliveryError> {
        let route = Route::edit(place(&message.channel), &message.id);
        self.ask(route, &Payload::new(&self.rendered)).await.map(|_| message.clone()).map_err(CallError::repeatable)
    }

    /// An answer for everybody. The first one to a command takes the place of "thinking"; it is looked at before, so
    /// that a second one, or the same one after a restart, does the right thing. The others are messages with a nonce,
    /// because a follow-up has none and would stand there twice after a cut connection.
    async fn answer(
        &self,
        interaction: &Interaction,
        reply_to: Option<&MessageRef>,
    ) -> Result<MessageRef, DeliveryError> {
        let place = place(&self.message.to);
        match interaction.kind {
            Kind::Press => self.to(place, reply_to).await,
            Kind::Command => match self.original(interaction).await {
                Ok(original) if original.flags & LOADING != 0 => {
                    match self.ask(original_route(Method::PATCH, interaction), &Payload::new(&self.rendered)).await {
                        Ok(answer) => Ok(answer.reference()),
                        Err(error) if gone(&error) => self.to(place, reply_to).await,
                        Err(error) => Err(error.repeatable()),
                    }
                }
                Ok(original) if original.says(&self.rendered) => Ok(original.reference()),
                Ok(original) => self.to(place, Some(&original.reference())).await,
                Err(error) if gone(&error) => self.to(place, reply_to).await,
                Err(error) => Err(error.repeatable()),
            },
        }
    }

    /// An answer that only the person who asked may see. For a command "thinking" is public and stays so: it is taken
    /// away first, because Discord would turn it into the first follow-up.
    async fn whisper(&self, interaction: &Interaction) -> Result<MessageRef, DeliveryError> {
        if interaction.kind == Kind::Command {
            match self.original(interaction).await {
                Ok(original) if original.flags & LOADING != 0 => {
                    match self.sender.call(original_route(Method::DELETE, interaction)).await {
                        Ok(()) => {}
                        Err(error) if gone(&error) => {}
                        Err(error) => return Err(error.repeatable()),
                    }
                }
                Ok(_) => {}
                Err(error) if gone(&error) => {}
                Err(error) => return Err(error.repeatable()),
            }
        }
        let mut payload = Payload::new(&self.rendered);
        payload.flags = Some(EPHEMERAL);
        match self.ask(Route::follow_up(&interaction.application, &interaction.token), &payload).await {
            Ok(standing) => Ok(standing.reference()),
            // Too late for the interaction, and the channel must not see it.
            Err(error) if error.is_void_interaction() => self.direct(&interaction.user).await,
            Err(error) => Err(error.unrepeatable()),
        }
    }

    async fn direct(&self, user: &str) -> Result<MessageRef, DeliveryError> {
        let channel: DirectChannel = self
            .sender
            .ask(Route::open_direct(), &json!({ "recipient_id": user }), Vec::new())
            .await
            .map_err(CallError::repeatable)?;
        self.to(&channel.id, None).await
    }

    async fn original(&self, interaction: &Interaction) -> Result<Standing, CallError> {
        self.sender.get(original_route(Method::GET, interaction)).await
    }

    async fn ask(&self, route: Route, payload: &Payload<'_>) -> Result<Standing, CallError> {
        self.sender.ask(route, payload, self.rendered.uploads.clone()).await
    }
}

fn original_route(method: Method, interaction: &Interaction) -> Route {
    Route::original(method, &interaction.application, &interaction.token)
}

/// The interaction's own message is not to be had: taken away, never made, or older than 15 minutes.
fn gone(error: &CallError) -> bool {
    error.is_void_interaction() || error.is_unknown_message()
}
