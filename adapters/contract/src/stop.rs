//! A stop signal that needs no async runtime, so that the contract does not choose one for its users.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

#[derive(Debug, Default)]
struct State {
    stopped: bool,
    next: u64,
    waiting: Vec<(u64, Waker)>,
}

/// The side that says stop. Dropping it says stop too.
#[derive(Debug)]
pub struct StopHandle(Arc<Mutex<State>>);

/// The side that listens. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop(Arc<Mutex<State>>);

impl StopHandle {
    /// A connected pair.
    pub fn new() -> (Self, Stop) {
        let state = Arc::new(Mutex::new(State::default()));
        (Self(Arc::clone(&state)), Stop(state))
    }

    /// Says stop; later calls change nothing.
    pub fn stop(&self) {
        let waiting = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.stopped = true;
            std::mem::take(&mut state.waiting)
        };
        for (_, waker) in waiting {
            waker.wake();
        }
    }
}

impl Drop for StopHandle {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Stop {
    /// Whether stop has been said.
    pub fn is_stopped(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).stopped
    }

    /// Resolves when stop is said, at once if it has been.
    pub fn stopped(&self) -> Stopped {
        Stopped { state: Arc::clone(&self.0), ticket: None }
    }
}

/// See [`Stop::stopped`].
#[derive(Debug)]
pub struct Stopped {
    state: Arc<Mutex<State>>,
    ticket: Option<u64>,
}

impl Future for Stopped {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let shared = Arc::clone(&self.state);
        let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            return Poll::Ready(());
        }
        let ticket = match self.ticket {
            Some(ticket) => ticket,
            None => {
                state.next += 1;
                state.next
            }
        };
        self.ticket = Some(ticket);
        state.waiting.retain(|(other, _)| *other != ticket);
        state.waiting.push((ticket, context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.waiting.retain(|(other, _)| *other != ticket);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StopHandle;
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    #[test]
    fn resolves_only_after_stop_and_leaves_nothing_waiting() {
        let (handle, stop) = StopHandle::new();
        let mut context = Context::from_waker(Waker::noop());
        {
            let mut waiting = pin!(stop.stopped());
            assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
            assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
            assert_eq!(stop.0.lock().unwrap().waiting.len(), 1);
        }
        assert_eq!(stop.0.lock().unwrap().waiting.len(), 0);
        handle.stop();
        assert!(stop.is_stopped());
        assert_eq!(pin!(stop.stopped()).poll(&mut context), Poll::Ready(()));
    }

    #[test]
    fn a_dropped_handle_says_stop() {
        let (handle, stop) = StopHandle::new();
        drop(handle);
        assert!(stop.is_stopped());
    }
}
