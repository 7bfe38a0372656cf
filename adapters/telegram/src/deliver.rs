//! Bringing a message out: one request where Telegram allows it, and what a failure of it means.

use crate::{
    Telegram,
    api::Failure,
    pace::Weight,
    refusal::{Repeat, classify, is_already_gone, is_bad_picture, is_not_modified, is_other_kind},
    render::{Attachment, Rendered, Shown, render},
    texts,
};
use contract::{ChannelRef, DeliveryError, MessageRef, Outbound, OutboundId, OutboundKind};
use reqwest12::multipart::{Form, Part};
use serde::{Deserialize, de::IgnoredAny};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Instant,
};
use teloxide::{
    payloads::{
        DeleteMessage, EditMessageCaption, EditMessageText, SendChatAction, SendDocument, SendMessage, SendPhoto,
    },
    requests::Payload,
    types::{ChatAction, ChatId, LinkPreviewOptions, MessageId, ReplyMarkup, ReplyParameters, ThreadId},
};

const NO_PREVIEW: LinkPreviewOptions = LinkPreviewOptions {
    is_disabled: true,
    url: None,
    prefer_small_media: false,
    prefer_large_media: false,
    show_above_text: false,
};

/// All that we need of the message that was sent.
#[derive(Debug, Deserialize)]
struct Sent {
    message_id: i32,
}

/// Where a message goes, in Telegram's numbers.
struct Address<'a> {
    channel: &'a ChannelRef,
    chat: i64,
    thread: Option<ThreadId>,
}

impl<'a> Address<'a> {
    fn of(channel: &'a ChannelRef) -> Result<Self, DeliveryError> {
        let refuse = || DeliveryError::Rejected(texts::bad_channel(&channel.id));
        let chat = channel.id.parse().map_err(|_| refuse())?;
        let thread = match &channel.thread {
            Some(thread) => Some(ThreadId(MessageId(thread.parse().map_err(|_| refuse())?))),
            None => None,
        };
        Ok(Self { channel, chat, thread })
    }

    fn message(&self, id: i32) -> MessageRef {
        MessageRef { channel: self.channel.clone(), id: id.to_string() }
    }
}

/// Texts that arrived and whose file did not yet: sending the message again sends only the file. Kept in memory, so a
/// restart in between doubles the text, as it may double any message on Telegram.
#[derive(Debug, Default)]
pub(crate) struct Halves(Mutex<VecDeque<(OutboundId, i32)>>);

impl Halves {
    const MOST: usize = 64;

    fn text_of(&self, id: &OutboundId) -> Option<i32> {
        let halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        halves.iter().find(|(other, _)| other == id).map(|(_, text)| *text)
    }

    fn remember(&self, id: &OutboundId, text: i32) {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if halves.len() >= Self::MOST {
            halves.pop_front();
        }
        halves.push_back((id.clone(), text));
    }

    fn forget(&self, id: &OutboundId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(other, _)| other != id);
    }
}

impl Telegram {
    pub(crate) async fn bring_out(&self, message: &Outbound) -> Result<MessageRef, DeliveryError> {
        match &message.kind {
            // A press was answered when it came in, so its receipt has no more use. Telegram cannot hide an answer
            // from the rest of a group.
            OutboundKind::Post { reply_to } | OutboundKind::Answer { reply_to, receipt: _, visibility: _ } => {
                self.post(message, reply_to.as_ref()).await
            }
            OutboundKind::Edit { message: standing } => self.edit(message, standing).await,
            OutboundKind::Retract { message: standing } => self.retract(standing).await,
        }
    }

    pub(crate) async fn show_typing(&self, channel: &ChannelRef) {
        let Ok(to) = Address::of(channel) else { return };
        let mut request = SendChatAction::new(ChatId(to.chat), ChatAction::Typing);
        request.message_thread_id = to.thread;
        if let Err(failure) = self.api.call::<_, bool>(&request).await {
            tracing::debug!(%failure, %channel, "\"typing\" could not be shown");
        }
    }

    async fn post(&self, message: &Outbound, reply_to: Option<&MessageRef>) -> Result<MessageRef, DeliveryError> {
        let to = Address::of(&message.to)?;
        let rendered = render(&message.body);
        // A reply across chats would show the other chat's message here.
        let reply_to =
            reply_to.filter(|replied| replied.channel.id == message.to.id).and_then(|replied| replied.id.parse().ok());
        match rendered.files.as_slice() {
            [] if rendered.text.is_empty() => Err(DeliveryError::Rejected(texts::NOTHING_TO_SEND.to_owned())),
            [] => {
                let sent = self.send_text(&to, &rendered, reply_to).await?;
                Ok(to.message(sent))
            }
            [file] if rendered.fits_caption() => {
                let sent = self.send_file(&to, file, Some(&rendered), reply_to).await?;
                Ok(to.message(sent))
            }
            [file] => {
                let text = match self.halves.text_of(&message.id) {
                    Some(text) => text,
                    None => {
                        let text = self.send_text(&to, &rendered, reply_to).await?;
                        self.halves.remember(&message.id, text);
                        text
                    }
                };
                match self.send_file(&to, file, None, Some(text)).await {
                    Ok(_) => {}
                    Err(DeliveryError::Rejected(problem)) => {
                        return Err(DeliveryError::Rejected(texts::file_refused_after_text(&problem)));
                    }
                    Err(error) => return Err(error),
                }
                self.halves.forget(&message.id);
                // The text has the buttons and is what an edit means.
                Ok(to.message(text))
            }
            [_, _, ..] => Err(DeliveryError::Rejected(texts::MORE_THAN_ONE_FILE.to_owned())),
        }
    }

    async fn send_text(
        &self,
        to: &Address<'_>,
        rendered: &Rendered<'_>,
        reply_to: Option<i32>,
    ) -> Result<i32, DeliveryError> {
        self.pacer.admit(to.chat, Weight::Message, Instant::now())?;
        let mut request = SendMessage::new(ChatId(to.chat), rendered.text.clone());
        request.message_thread_id = to.thread;
        request.parse_mode = rendered.parse_mode;
        request.link_preview_options = Some(NO_PREVIEW);
        request.reply_parameters = reply_to.map(replying);
        if !rendered.keyboard.inline_keyboard.is_empty() {
            request.reply_markup = Some(ReplyMarkup::InlineKeyboard(rendered.keyboard.clone()));
        }
        match self.api.call::<_, Sent>(&request).await {
            Ok(sent) => Ok(sent.message_id),
            Err(failure) => Err(classify(failure, Repeat::Doubles, to.channel, to.chat, &self.pacer)),
        }
    }

    async fn send_file(
        &self,
        to: &Address<'_>,
        file: &Attachment<'_>,
        caption: Option<&Rendered<'_>>,
        reply_to: Option<i32>,
    ) -> Result<i32, DeliveryError> {
        self.pacer.admit(to.chat, Weight::Message, Instant::now())?;
        let sent = match self.upload(to, file, caption, reply_to).await {
            Err(failure) if file.shown == Shown::AsPicture && is_bad_picture(&failure) => {
                self.upload(to, &Attachment { shown: Shown::AsFile, ..*file }, caption, reply_to).await
            }
            other => other,
        };
        match sent {
            Ok(sent) => Ok(sent.message_id),
            Err(failure) => Err(classify(failure, Repeat::Doubles, to.channel, to.chat, &self.pacer)),
        }
    }

    async fn upload(
        &self,
        to: &Address<'_>,
        file: &Attachment<'_>,
        caption: Option<&Rendered<'_>>,
        reply_to: Option<i32>,
    ) -> Result<Sent, Failure> {
        let json = |value: serde_json::Result<String>| value.map_err(|error| Failure::NotSent(error.to_string()));
        let (method, field) = match file.shown {
            Shown::AsPicture => (SendPhoto::NAME, "photo"),
            Shown::AsFile => (SendDocument::NAME, "document"),
        };
        let part = Part::bytes(file.bytes.to_vec()).file_name(file.name.to_owned());
        let part = part.mime_str(file.media_type).unwrap_or_else(|_| {
            // A name of a media type that is none: Telegram looks at the file name anyway.
            Part::bytes(file.bytes.to_vec()).file_name(file.name.to_owned())
        });
        let mut form = Form::new().text("chat_id", to.chat.to_string()).part(field, part);
        if let Some(thread) = to.thread {
            form = form.text("message_thread_id", thread.to_string());
        }
        if let Some(reply_to) = reply_to {
            form = form.text("reply_parameters", json(serde_json::to_string(&replying(reply_to)))?);
        }
        if let Some(caption) = caption {
            if !caption.text.is_empty() {
                form = form.text("caption", caption.text.clone());
            }
            if caption.parse_mode.is_some() {
                form = form.text("parse_mode", "HTML");
            }
            if !caption.keyboard.inline_keyboard.is_empty() {
                form = form.text("reply_markup", json(serde_json::to_string(&caption.keyboard))?);
            }
        }
        self.api.upload(method, form).await
    }

    /// An edit does not say whether the standing message has a text or a caption. The one that the body suggests is
    /// tried first; Telegram tells when it is the other.
    async fn edit(&self, message: &Outbound, standing: &MessageRef) -> Result<MessageRef, DeliveryError> {
        let to = Address::of(&standing.channel)?;
        let id = message_id(standing)?;
        let rendered = render(&message.body);
        self.pacer.admit(to.chat, Weight::Change, Instant::now())?;
        let caption_first = !rendered.files.is_empty() && rendered.fits_caption();
        let first = match caption_first {
            true => self.edit_caption(&to, id, &rendered).await,
            false => self.edit_text(&to, id, &rendered).await,
        };
        let result = match first {
            Err(failure) if is_other_kind(&failure) => {
                if caption_first {
                    self.edit_text(&to, id, &rendered).await
                } else if rendered.fits_caption() {
                    self.edit_caption(&to, id, &rendered).await
                } else {
                    return Err(DeliveryError::Rejected(texts::CAPTION_TOO_LONG.to_owned()));
                }
            }
            other => other,
        };
        match result {
            Ok(_) => Ok(standing.clone()),
            Err(failure) if is_not_modified(&failure) => Ok(standing.clone()),
            Err(failure) => Err(classify(failure, Repeat::Harmless, to.channel, to.chat, &self.pacer)),
        }
    }

    async fn edit_text(&self, to: &Address<'_>, id: MessageId, rendered: &Rendered<'_>) -> Result<IgnoredAny, Failure> {
        let mut request = EditMessageText::new(ChatId(to.chat), id, rendered.text.clone());
        request.parse_mode = rendered.parse_mode;
        request.link_preview_options = Some(NO_PREVIEW);
        // Always given: an empty one takes the old buttons away.
        request.reply_markup = Some(rendered.keyboard.clone());
        self.api.call(&request).await
    }

    async fn edit_caption(
        &self,
        to: &Address<'_>,
        id: MessageId,
        rendered: &Rendered<'_>,
    ) -> Result<IgnoredAny, Failure> {
        let mut request = EditMessageCaption::new(ChatId(to.chat), id);
        request.caption = Some(rendered.text.clone());
        request.parse_mode = rendered.parse_mode;
        request.reply_markup = Some(rendered.keyboard.clone());
        self.api.call(&request).await
    }

    async fn retract(&self, standing: &MessageRef) -> Result<MessageRef, DeliveryError> {
        let to = Address::of(&standing.channel)?;
        let id = message_id(standing)?;
        self.pacer.admit(to.chat, Weight::Change, Instant::now())?;
        match self.api.call::<_, bool>(&DeleteMessage::new(ChatId(to.chat), id)).await {
            Ok(_) => Ok(standing.clone()),
            Err(failure) if is_already_gone(&failure) => Ok(standing.clone()),
            Err(failure) => Err(classify(failure, Repeat::Harmless, to.channel, to.chat, &self.pacer)),
        }
    }
}

fn message_id(message: &MessageRef) -> Result<MessageId, DeliveryError> {
    match message.id.parse() {
        Ok(id) => Ok(MessageId(id)),
        Err(_) => Err(DeliveryError::Rejected(texts::bad_message(&message.id))),
    }
}

/// If the message is gone, the reply is posted as a plain message.
fn replying(id: i32) -> ReplyParameters {
    ReplyParameters::new(MessageId(id)).allow_sending_without_reply()
}
