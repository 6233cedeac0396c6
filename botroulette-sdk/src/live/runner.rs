//! Asks the responder on the tunnel's own task: in place when it is quick, aside when it is not, each request for itself.

use std::fmt;
use std::pin::pin;
use std::task::{Context, Poll};

use sdk_core::clock::Instant;
use sdk_core::dispatch::{Dispatched, Dispatcher};
use sdk_core::error::Result;
use sdk_core::socket::{Consumer, Driver, Inbox};

use super::event::TunnelEvent;
use super::incoming::Incoming;
use super::responder::Responder;
use super::service::{Answered, Service};
use super::tunnel::{Cancelled, RequestKey, Told, Tunnel};
use crate::model::RequestId;

/// A request whose answer is worth something to somebody.
struct Job {
    key: RequestKey,
    request: Incoming,
    cancelled: Cancelled,
}

/// What became of it; `None` when its connection was lost first.
struct Done {
    key: RequestKey,
    request: Option<RequestId>,
    answered: Option<Answered>,
}

struct Runner<R: Responder, F: Future<Output = Done>, S: Fn(Job) -> F> {
    service: Service<R>,
    start: S,
    dispatcher: Dispatcher<RequestKey, Job, F>,
    /// Where events go; without it they are logged alone.
    events: Option<Inbox<TunnelEvent>>,
}

/// A runner for a responder. The future's type is the compiler's, so it is made here.
pub(super) fn runner<R: Responder>(
    service: Service<R>,
    events: Option<Inbox<TunnelEvent>>,
) -> impl Consumer<Tunnel> + fmt::Debug {
    let own = service.clone();
    let start = move |job: Job| answer(own.clone(), job);
    // Each request has a key of its own, so nothing ever waits behind another.
    Runner { service, start, dispatcher: Dispatcher::new(0), events }
}

async fn answer<R: Responder>(service: Service<R>, job: Job) -> Done {
    let Job { key, request, mut cancelled } = job;
    let id = request.request_id();
    let answered = {
        let mut answer = pin!(service.answer(request));
        let mut gone = None;
        std::future::poll_fn(|cx| {
            if let Poll::Ready(answered) = answer.as_mut().poll(cx) {
                return Poll::Ready(Some(answered));
            }
            // Only a responder that is not ready at once pays for this.
            let cancelled = &mut cancelled;
            gone.get_or_insert_with(|| Box::pin(wait(cancelled.clone()))).as_mut().poll(cx).map(|()| None)
        })
        .await
    };
    Done { key, request: id, answered }
}

async fn wait(mut cancelled: Cancelled) {
    // An error means that the tunnel is gone.
    let _ = cancelled.wait_for(|cancelled| *cancelled).await;
}

impl<R, F, S> Runner<R, F, S>
where
    R: Responder,
    F: Future<Output = Done>,
    S: Fn(Job) -> F,
{
    fn tell(&self, event: TunnelEvent) {
        log(&event);
        if let Some(events) = &self.events {
            events.push(event);
        }
    }

    fn finished(&self, done: Done, driver: &mut Driver<Tunnel>) {
        let Some(Answered { response, notice }) = done.answered else { return };
        driver.act(|tunnel, cx| tunnel.answer(&done.key, &response, cx));
        if let Some(error) = notice {
            self.tell(TunnelEvent::HandlerFailed { request: done.request, error });
        }
    }

    fn request(&mut self, job: Job, driver: &mut Driver<Tunnel>, cx: &mut Context<'_>) {
        let request = job.request.with_deadline(Instant::now() + self.service.rules().deadline);
        if let Some(response) = self.service.without_responder(&request) {
            driver.act(|tunnel, cx| tunnel.answer(&job.key, &response, cx));
            return;
        }
        let job = Job { request, ..job };
        match self.dispatcher.dispatch(cx, job.key.clone(), job, &self.start) {
            Dispatched::Done(done) => self.finished(done, driver),
            // The tunnel hands no request out twice, so none is ever full.
            Dispatched::Deferred | Dispatched::Full(_) => {}
        }
    }
}

impl<R, F, S> Consumer<Tunnel> for Runner<R, F, S>
where
    R: Responder,
    F: Future<Output = Done> + Send,
    S: Fn(Job) -> F + Send + Unpin,
{
    fn on_event(&mut self, event: Told, driver: &mut Driver<Tunnel>, cx: &mut Context<'_>) {
        match event {
            Told::Request(key, request, cancelled) => {
                self.request(Job { key, request, cancelled }, driver, cx)
            }
            Told::Event(event) => self.tell(event),
        }
    }

    fn poll(&mut self, driver: &mut Driver<Tunnel>, cx: &mut Context<'_>) {
        while let Poll::Ready((_, done)) = self.dispatcher.poll_next(cx, &self.start) {
            self.finished(done, driver);
        }
    }

    fn is_idle(&self) -> bool {
        self.dispatcher.running() == 0
    }

    fn on_end(&mut self, _: &Result<()>) {
        if let Some(events) = &self.events {
            events.close();
        }
    }
}

impl<R: Responder, F: Future<Output = Done>, S: Fn(Job) -> F> fmt::Debug for Runner<R, F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("dispatcher", &self.dispatcher).finish_non_exhaustive()
    }
}

fn log(event: &TunnelEvent) {
    match event {
        TunnelEvent::Connected(connected) => tracing::info!(
            tunnel_url = connected.tunnel_url.as_deref().map(sdk_core::wire::excerpt),
            is_reconnect = connected.is_reconnect,
            "the bot is online"
        ),
        TunnelEvent::Disconnected { cause } => {
            tracing::warn!(cause = %cause.chain(), "the tunnel is disconnected");
        }
        TunnelEvent::Reconnecting { attempt, delay, .. } => {
            tracing::info!(attempt, delay_ms = delay.as_millis(), "the tunnel reconnects");
        }
        TunnelEvent::Connecting { attempt } => tracing::debug!(attempt, "connecting"),
        TunnelEvent::StillConnecting { waited, .. } => {
            tracing::info!(waited_ms = waited.as_millis(), "connecting takes long");
        }
        TunnelEvent::HandlerBlocked { took } => {
            tracing::warn!(took_ms = took.as_millis(), "the responder blocked the tunnel's thread");
        }
        TunnelEvent::HandlerFailed { error, .. } => {
            tracing::error!(error = %error.chain(), "the responder failed");
        }
        TunnelEvent::Refused(error) | TunnelEvent::NotAnswered(error) => {
            tracing::warn!(error = %error.chain(), "a request was not taken");
        }
        TunnelEvent::RelayError(error) => tracing::warn!(error = %error, "the relay told of an error"),
        TunnelEvent::Unknown(frame) => {
            tracing::debug!(frame_type = %sdk_core::wire::excerpt(&frame.frame_type), "an unknown frame");
        }
        TunnelEvent::Lagged { dropped } => tracing::warn!(dropped, "events were dropped"),
        TunnelEvent::Closed { reason: Some(reason) } => {
            tracing::error!(reason = %reason.chain(), "the tunnel is closed for good");
        }
        TunnelEvent::Closed { reason: None } => tracing::info!("the tunnel is closed"),
    }
}
