//! Calls of bots: through the proxy, with a key and a session, or through a bot's public address by anybody.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};
use sdk_core::clock::Instant;
use serde_json::Value;

use super::super::answer::Answer;
use super::super::filter::{Filtered, filter};
use super::super::frames::{self, BotAnswer};
use super::super::records::{CallRequest, CallResponse, Caller, Outcome, SandboxCall, recorded};
use super::super::seeds;
use super::relay::TunnelId;
use super::visits::VisitId;
use super::{Due, Network, Outgoing};
use crate::model::header::{API_KEY, SESSION_ID};
use sdk_core::sandbox::TimerKey;

/// Names a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallNumber(pub(super) u64);

/// A call through the proxy, as it came.
#[derive(Debug)]
pub(crate) struct ProxyCall<'a> {
    pub(crate) key: Option<&'a str>,
    pub(crate) code: &'a str,
    /// The id in the header.
    pub(crate) session: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// A call of a bot's public address, as it came.
#[derive(Debug)]
pub(crate) struct IngressCall<'a> {
    pub(crate) code: &'a str,
    pub(crate) method: &'a str,
    /// Not decoded.
    pub(crate) path: &'a str,
    /// Not decoded, and without its question mark.
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// Where a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Via {
    Nowhere,
    House,
    Tunnel(TunnelId),
}

/// Who waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiter {
    Http,
    Visit(VisitId),
}

/// A call without an answer yet.
#[derive(Debug)]
pub(super) struct OpenCall {
    pub(super) record: SandboxCall,
    pub(super) via: Via,
    waiter: Waiter,
    frame: Option<String>,
    /// How many messages came before it in its session.
    turns: u32,
    asked: Instant,
    timers: [Option<TimerKey>; 2],
}

/// How a call ends.
#[derive(Debug)]
pub(super) enum End {
    Bot(BotAnswer),
    Bad(&'static str),
    BadHostName,
    Offline,
    TimedOut,
    TunnelLost,
    Ended,
}

/// A call that is about to be made.
pub(super) struct NewCall {
    pub(super) from: Caller,
    pub(super) to: String,
    pub(super) session: Option<String>,
    pub(super) turns: u32,
    pub(super) request: Delivered,
    pub(super) waiter: Waiter,
}

/// What a bot is asked.
pub(super) struct Delivered {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Network {
    /// A registered bot calls another. The answer goes out as [`Outgoing::Answer`], unless it is refused at once.
    pub(crate) fn proxy(&mut self, call: &ProxyCall<'_>, now: Instant) -> Result<CallNumber, Answer> {
        let caller = self.admit(call.key, false, now)?;
        let body = std::str::from_utf8(call.body).ok();
        let json = body.and_then(|body| serde_json::from_str::<Value>(body).ok());
        let (Some(body), Some(json)) = (body, json) else {
            return Err(Answer::error(StatusCode::BAD_REQUEST, "Request body must be valid JSON"));
        };
        if self.registry.get(call.code).is_none() {
            return Err(Answer::error(StatusCode::NOT_FOUND, "Bot not found"));
        }
        let in_body = || json.get("session_id").and_then(Value::as_str);
        let claimed = call.session.or_else(in_body).filter(|id| !id.is_empty());
        let call = self.with_session(Caller::Bot(caller), call.code, claimed, body, Waiter::Http, now);
        Ok(self.begin(call, now))
    }

    /// A call through the proxy, with its session and the headers of the spec.
    pub(super) fn with_session(
        &mut self,
        from: Caller,
        to: &str,
        claimed: Option<&str>,
        body: &str,
        waiter: Waiter,
        now: Instant,
    ) -> NewCall {
        let caller = match &from {
            Caller::Bot(code) | Caller::House(code) => code.as_str(),
            Caller::Stranger => "",
        };
        let lives = self.settings.session_lives;
        let (session, turns) = self.sessions.go_on(claimed, caller, to, lives, &mut self.dice.ids, now);
        let token = self.registry.get(caller).map(|bot| bot.user_token.clone()).unwrap_or_default();
        let pair = |name: &str, value: String| (name.to_owned(), value);
        let headers = vec![
            pair("Content-Type", "application/json".to_owned()),
            pair("X-KPATH-Session-ID", session.clone()),
            pair("X-KPATH-Request-ID", seeds::id(&mut self.dice.ids)),
            pair("X-KPATH-User-Token", token),
            pair("X-KPATH-Privacy-Level", "0".to_owned()),
            pair("X-KPATH-Message-ID", seeds::id(&mut self.dice.ids)),
        ];
        let request = Delivered {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers,
            body: body.to_owned(),
        };
        NewCall { from, to: to.to_owned(), session: Some(session), turns, request, waiter }
    }

    /// Anybody calls a bot's public address.
    pub(crate) fn ingress(&mut self, call: &IngressCall<'_>, now: Instant) -> Result<CallNumber, Answer> {
        if self.registry.get(call.code).is_none() {
            return Err(Answer::error(StatusCode::NOT_FOUND, "Bot not found"));
        }
        let Ok(body) = std::str::from_utf8(call.body) else {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Answer::error(status, "Request body must be text: the tunnel carries no other"));
        };
        let request = Delivered {
            method: call.method.to_owned(),
            path: call.path.to_owned(),
            query: call.query.to_owned(),
            headers: passed_on(call.headers),
            body: body.to_owned(),
        };
        let to = call.code.to_owned();
        let new =
            NewCall { from: Caller::Stranger, to, session: None, turns: 0, request, waiter: Waiter::Http };
        Ok(self.begin(new, now))
    }

    /// Makes a call. Its end may come at once.
    pub(super) fn begin(&mut self, call: NewCall, now: Instant) -> CallNumber {
        let NewCall { from, to, session, turns, request, waiter } = call;
        self.last_call += 1;
        let number = CallNumber(self.last_call);
        let record = SandboxCall {
            number: number.0,
            from,
            to: to.clone(),
            session,
            request: CallRequest {
                method: request.method.clone(),
                path: request.path.clone(),
                query: request.query.clone(),
                body: recorded(&request.body),
            },
            outcome: None,
            response: None,
            asked_at: now.saturating_duration_since(self.began),
            took: None,
        };
        let mut open = OpenCall {
            record,
            via: Via::Nowhere,
            waiter,
            frame: None,
            turns,
            asked: now,
            timers: [None, None],
        };
        let bot = self.registry.get(&to);
        let house = bot.and_then(|bot| bot.house);
        let end = match bot {
            Some(bot) if bot.has_bad_host_name() => Some(End::BadHostName),
            Some(_) if !self.is_online(&to) => Some(End::Offline),
            Some(_) => None,
            None => Some(End::Offline),
        };
        if end.is_none() {
            let until = now + self.settings.relay_timeout;
            let timeout = self.timers.set(until, Due::TimedOut(number));
            let thinks = house.and_then(|house| house.thinks(&self.settings));
            let answers = thinks.map(|span| self.timers.set(now + span, Due::HouseAnswers(number)));
            open.timers = [Some(timeout), answers];
            match self.online.get(&to) {
                _ if house.is_some() => {
                    open.via = Via::House;
                    // A house bot reads what it got when it answers.
                    open.frame = Some(request.body);
                }
                Some(tunnel) => {
                    let id = seeds::id(&mut self.dice.ids);
                    let frame = frames::Request {
                        r#type: "request",
                        id: &id,
                        method: &request.method,
                        path: &request.path,
                        body: &request.body,
                        query_string: &request.query,
                        headers: &request.headers,
                    };
                    self.outbox.push(Outgoing::Frame(*tunnel, frames::text_of(&frame)));
                    open.via = Via::Tunnel(*tunnel);
                    self.frames.insert(id.clone(), number);
                    open.frame = Some(id);
                }
                None => {}
            }
        }
        self.open.insert(number, open);
        if let Some(end) = end {
            self.finish(number, end, now);
        }
        number
    }

    /// A house bot has thought.
    pub(super) fn house_answers(&mut self, number: CallNumber, now: Instant) {
        let Some(open) = self.open.get(&number) else { return };
        let Some(house) = self.registry.get(&open.record.to).and_then(|bot| bot.house) else { return };
        let body = open.frame.as_deref().and_then(|body| serde_json::from_str::<Value>(body).ok());
        let message = body.as_ref().and_then(|body| body.get("message")).and_then(Value::as_str);
        let message = message.filter(|message| !message.trim().is_empty());
        let said = house.answer(message, open.turns, &mut self.dice.house);
        let mut headers = HeaderMap::with_capacity(1);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(said.content_type));
        let status = StatusCode::from_u16(said.status).unwrap_or(StatusCode::OK);
        self.finish(number, End::Bot(BotAnswer { status, headers, body: said.body }), now);
    }

    /// Ends a call: its caller gets its one answer.
    pub(super) fn finish(&mut self, number: CallNumber, end: End, now: Instant) {
        let Some(open) = self.open.remove(&number) else { return };
        let OpenCall { mut record, via, waiter, frame, asked, timers, .. } = open;
        for timer in timers {
            self.timers.cancel(timer);
        }
        if let (Via::Tunnel(_), Some(frame)) = (via, frame) {
            self.frames.remove(&frame);
        }
        let (outcome, mut answer) = self.judged(end, &record.request.method);
        let session = record.session.as_deref().and_then(|id| HeaderValue::from_str(id).ok());
        if let Some(session) = session {
            answer.headers.insert(SESSION_ID, session);
        }
        record.outcome = Some(outcome);
        record.response = Some(CallResponse { status: answer.status.as_u16(), body: recorded(&answer.body) });
        record.took = Some(now.saturating_duration_since(asked));
        let session = record.session.clone();
        if self.settings.keep_calls > 0 {
            let surplus = (self.finished.len() + 1).saturating_sub(self.settings.keep_calls);
            self.finished.drain(..surplus);
            self.finished.push_back(record);
        }
        match waiter {
            Waiter::Http => self.outbox.push(Outgoing::Answer(number, answer)),
            Waiter::Visit(visit) => self.on_visit_answer(visit, outcome, &answer, session, now),
        }
    }

    /// What the caller gets.
    fn judged(&self, end: End, method: &str) -> (Outcome, Answer) {
        const BAD: StatusCode = StatusCode::BAD_GATEWAY;
        match end {
            End::Bot(BotAnswer { status, headers, body }) => {
                match filter(&self.settings, method, status, &headers, &body) {
                    Filtered::Passes => {
                        let headers = Box::new(kept(&headers));
                        (Outcome::Answered, Answer { status, headers, body })
                    }
                    Filtered::Blocked => {
                        let status = StatusCode::from_u16(self.settings.blocked_status).unwrap_or(BAD);
                        let reason = "HTML/script content is not permitted through the tunnel";
                        (Outcome::Blocked, Answer::error_because(status, "Response blocked", reason))
                    }
                    Filtered::WrongLength => {
                        let reason = "the answer's Content-Length is not that of its body";
                        (Outcome::BadAnswer, Answer::error_because(BAD, "peer closed connection", reason))
                    }
                }
            }
            End::Bad(reason) => (Outcome::BadAnswer, Answer::error_because(BAD, "Invalid response", reason)),
            End::BadHostName => {
                let reason =
                    "an underscore is invalid in a host name, so the bot's address cannot be verified";
                (Outcome::BadHostName, Answer::error_because(BAD, "SSL error", reason))
            }
            End::Offline => (Outcome::Offline, Answer::error(StatusCode::SERVICE_UNAVAILABLE, "Bot offline")),
            End::TimedOut => {
                (Outcome::TimedOut, Answer::error(StatusCode::GATEWAY_TIMEOUT, "Bot did not answer in time"))
            }
            End::TunnelLost => {
                (Outcome::TunnelLost, Answer::error(BAD, "The bot's tunnel was lost before it answered"))
            }
            End::Ended => {
                (Outcome::Ended, Answer::error(StatusCode::SERVICE_UNAVAILABLE, "The sandbox begins anew"))
            }
        }
    }
}

/// The headers of a connection, of no use behind it (RFC 9110, 7.6.1).
fn is_of_the_connection(name: &HeaderName) -> bool {
    const NAMES: [HeaderName; 9] = [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::PROXY_AUTHORIZATION,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ];
    NAMES.contains(name)
}

/// What a bot sees of the headers of a call to its public address. A key is nobody else's business.
fn passed_on(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut passed = Vec::with_capacity(headers.keys_len());
    for name in headers.keys().filter(|name| !is_of_the_connection(name) && **name != API_KEY) {
        let values: Vec<&str> =
            headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        if !values.is_empty() {
            passed.push((name.as_str().to_owned(), values.join(", ")));
        }
    }
    passed
}

/// What a caller sees of a bot's headers.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in headers.keys().filter(|name| is_of_the_connection(name)) {
        kept.remove(name);
    }
    kept.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    kept
}
