//! Telegram's rates, so that we wait before Telegram makes us wait.
//!
//! Its FAQ: about one message a second in a chat, 20 a minute in a group, 30 a second over all. New messages count for
//! the chat; edits and removals only for the whole.

use crate::config::Pacing;
use contract::DeliveryError;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const PER_GROUP_AND_MINUTE: usize = 20;
const OVER_ALL_AND_SECOND: usize = 30;
/// Above this many remembered chats, those that were silent for a minute are forgotten.
const CHATS: usize = 256;

#[derive(Debug)]
pub(crate) struct Pacer {
    pacing: Pacing,
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    over_all: VecDeque<Instant>,
    chats: HashMap<i64, VecDeque<Instant>>,
    /// The chat that Telegram refused last for its rate, and until when.
    refused: Option<(i64, Instant)>,
}

/// What is about to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// A new message.
    Message,
    /// A change of one that stands.
    Change,
}

impl Pacer {
    pub(crate) fn new(pacing: Pacing) -> Self {
        Self { pacing, sent: Mutex::default() }
    }

    /// Takes a place now, or says how long to wait for one; then nothing was taken.
    pub(crate) fn admit(&self, chat: i64, weight: Weight, now: Instant) -> Result<(), DeliveryError> {
        match self.pacing {
            Pacing::Off => Ok(()),
            Pacing::Telegram => self.sent.lock().unwrap_or_else(PoisonError::into_inner).admit(chat, weight, now),
        }
    }

    /// Telegram itself asked to wait. It does not say whether the chat or the bot was too fast; when a second chat is
    /// refused while the first still waits, it was the bot.
    pub(crate) fn refused(&self, chat: i64, seconds: u64, now: Instant) -> DeliveryError {
        let after = Duration::from_secs(seconds.max(1));
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let everything = sent.refused.is_some_and(|(other, until)| other != chat && until > now);
        sent.refused = Some((chat, now + after));
        DeliveryError::RetryAfter { after, everything }
    }
}

impl Sent {
    fn admit(&mut self, chat: i64, weight: Weight, now: Instant) -> Result<(), DeliveryError> {
        while self.over_all.front().is_some_and(|at| now.duration_since(*at) >= SECOND) {
            self.over_all.pop_front();
        }
        if self.over_all.len() >= OVER_ALL_AND_SECOND
            && let Some(first) = self.over_all.front()
        {
            let after = (*first + SECOND).duration_since(now);
            return Err(DeliveryError::RetryAfter { after, everything: true });
        }
        if weight == Weight::Message {
            if self.chats.len() > CHATS {
                self.chats.retain(|_, times| times.back().is_some_and(|at| now.duration_since(*at) < MINUTE));
            }
            let times = self.chats.entry(chat).or_default();
            while times.front().is_some_and(|at| now.duration_since(*at) >= MINUTE) {
                times.pop_front();
            }
            let mut free = now;
            if let Some(last) = times.back() {
                free = free.max(*last + SECOND);
            }
            // Groups and channels have negative ids.
            if chat < 0
                && times.len() >= PER_GROUP_AND_MINUTE
                && let Some(first) = times.front()
            {
                free = free.max(*first + MINUTE);
            }
            if free > now {
                return Err(DeliveryError::RetryAfter { after: free.duration_since(now), everything: false });
            }
            times.push_back(now);
        }
        self.over_all.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Pacer, Weight};
    use crate::config::Pacing;
    use contract::DeliveryError;
    use std::time::{Duration, Instant};

    fn wait(after: Duration, everything: bool) -> Result<(), DeliveryError> {
        Err(DeliveryError::RetryAfter { after, everything })
    }

    #[test]
    fn one_message_a_second_in_a_chat() {
        let pacer = Pacer::new(Pacing::Telegram);
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(pacer.admit(7, Weight::Message, at(0)), Ok(()));
        assert_eq!(pacer.admit(7, Weight::Message, at(400)), wait(Duration::from_millis(600), false));
        assert_eq!(pacer.admit(7, Weight::Change, at(400)), Ok(()), "an edit is not a message");
        assert_eq!(pacer.admit(8, Weight::Message, at(400)), Ok(()), "another chat has a rate of its own");
        assert_eq!(pacer.admit(7, Weight::Message, at(1000)), Ok(()));
    }

    #[test]
    fn twenty_a_minute_in_a_group_but_not_in_a_private_chat() {
        let start = Instant::now();
        for (chat, expected) in [(-7, wait(Duration::from_secs(40), false)), (7, Ok(()))] {
            let pacer = Pacer::new(Pacing::Telegram);
            for second in 0..20 {
                assert_eq!(pacer.admit(chat, Weight::Message, start + Duration::from_secs(second)), Ok(()));
            }
            assert_eq!(pacer.admit(chat, Weight::Message, start + Duration::from_secs(20)), expected);
            assert_eq!(pacer.admit(chat, Weight::Message, start + Duration::from_secs(60)), Ok(()));
        }
    }

    #[test]
    fn thirty_a_second_over_all() {
        let pacer = Pacer::new(Pacing::Telegram);
        let start = Instant::now();
        for chat in 0..30 {
            assert_eq!(pacer.admit(chat, Weight::Message, start), Ok(()));
        }
        assert_eq!(pacer.admit(99, Weight::Message, start), wait(Duration::from_secs(1), true));
        assert_eq!(pacer.admit(99, Weight::Message, start + Duration::from_secs(1)), Ok(()));
    }

    #[test]
    fn a_second_refused_chat_means_the_whole_bot() {
        let pacer = Pacer::new(Pacing::Off);
        let start = Instant::now();
        let everything = |refused: DeliveryError| matches!(refused, DeliveryError::RetryAfter { everything: true, .. });
        assert!(!everything(pacer.refused(1, 10, start)));
        assert!(!everything(pacer.refused(1, 10, start + Duration::from_secs(1))));
        assert!(everything(pacer.refused(2, 10, start + Duration::from_secs(2))));
        assert!(!everything(pacer.refused(1, 10, start + Duration::from_secs(60))));
    }
}
