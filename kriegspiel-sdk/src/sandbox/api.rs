//! The API without a socket: a request comes in, an answer goes out.

use sdk_core::clock::Instant;
use serde_json::json;

use super::accounts::AccountKey;
use super::form::Query;
use super::lobby::Wish;
use super::mailbox::EventStream;
use super::platform::Platform;
use super::play;
use super::records::SandboxRequest;
use super::refusal::{Answer, Outcome, Refusal};

/// The version of the platform whose behaviour this is.
const VERSION: &str = "1.3.54";

/// A request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    /// The whole `Authorization` header.
    pub(super) authorization: Option<&'a str>,
    /// The whole `Cookie` header.
    pub(super) cookie: Option<&'a str>,
    pub(super) registration_key: Option<&'a str>,
    pub(super) content_type: &'a str,
    pub(super) body: &'a [u8],
    /// The machine's time, for what stands in front of the platform.
    pub(super) machine_now: Instant,
}

/// What comes back.
#[derive(Debug)]
pub(super) enum Reply {
    Answer(Answer),
    Events(EventStream),
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

/// What is known of the caller.
#[derive(Debug, Clone, Copy, Default)]
struct Caller(Option<AccountKey>);

impl Caller {
    fn needed(self) -> Outcome<AccountKey> {
        self.0.ok_or_else(|| Refusal::detail(401, "Authentication required"))
    }
}

/// Answers a request.
pub(super) fn respond(platform: &mut Platform, call: &Call<'_>, now: Instant) -> Reply {
    let caller = Caller(caller(platform, call, now));
    let reply = answer(platform, call, caller, now).unwrap_or_else(|refusal| Answer::from(refusal).into());
    let status = match &reply {
        Reply::Answer(answer) => answer.status,
        Reply::Events(_) => 200,
    };
    let username =
        caller.0.and_then(|key| platform.accounts.get(key)).map(|account| account.username.clone());
    platform.remember(SandboxRequest {
        at: platform.calendar.at(now),
        username,
        method: call.method.to_owned(),
        path: call.path.to_owned(),
        status,
    });
    reply
}

/// Whose token or cookie it is. A bad token falls back to the cookie.
fn caller(platform: &mut Platform, call: &Call<'_>, now: Instant) -> Option<AccountKey> {
    let bearer = call.authorization.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    if let Some(account) = bearer.and_then(|token| platform.with_magic_token(token, now)) {
        return Some(account);
    }
    let mut cookies =
        call.cookie.unwrap_or_default().split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, session) = cookies.find(|(name, _)| *name == "session_id")?;
    platform.accounts.with_session(session)
}

fn answer(platform: &mut Platform, call: &Call<'_>, caller: Caller, now: Instant) -> Outcome<Reply> {
    platform.take_request(call.machine_now)?;
    let path = match call.path.strip_prefix("/api") {
        Some(rest) if rest.starts_with('/') && platform.settings.api_prefix => rest,
        _ => call.path,
    };
    let inner = path.strip_prefix('/').unwrap_or(path);
    if let Some(slashless) = inner.strip_suffix('/') {
        let to = format!("/{slashless}{}{}", if call.query.is_empty() { "" } else { "?" }, call.query);
        if methods(&slashless.split('/').collect::<Vec<_>>()).is_empty() {
            return Err(Refusal::detail(404, "Not Found"));
        }
        return Ok(Answer::empty(307).with("location", to).into());
    }
    let segments: Vec<&str> = inner.split('/').collect();
    let allowed = methods(&segments);
    if allowed.is_empty() {
        return Err(Refusal::detail(404, "Not Found"));
    }
    if !allowed.contains(&call.method) {
        let refusal = Refusal::detail(405, "Method Not Allowed");
        return Ok(Answer::from(refusal).with("allow", allowed.join(", ")).into());
    }
    if platform.database_is_down {
        match segments.as_slice() {
            [""] => {}
            ["health"] => {
                let body = json!({ "status": "error", "db": "disconnected", "version": VERSION });
                return Ok(Answer::json(503, &body).into());
            }
            _ => return Err(Refusal::detail(503, "Database unavailable")),
        }
    }
    platform.ordered_refusal(path)?;
    route(platform, call, &segments, caller, now)
}

/// The methods of a path; none where there is no such path.
fn methods(segments: &[&str]) -> &'static [&'static str] {
    match segments {
        [""]
        | ["health" | "bots" | "leaderboard"]
        | ["auth", "me" | "session"]
        | ["game", "open" | "mine" | "mine-active" | "mine-archived" | "recent" | "stats"]
        | ["game", "mine", "active" | "archived"]
        | ["user", _]
        | ["user", _, "games" | "rating-history"]
        | ["game", _, "state" | "moves" | "review" | "events"]
            if !matches!(segments, ["user", "settings"]) =>
        {
            &["GET"]
        }
        ["user", "settings"] => &["PATCH", "GET"],
        ["auth", "bots", "register"]
        | ["auth", "register" | "guest"]
        | ["bots", "profile" | "availability"]
        | ["game", "create"]
        | ["game", "join", _]
        | ["game", _, "move" | "ask-any" | "resign"] => &["POST"],
        ["game", _] => &["GET", "DELETE"],
        _ => &[],
    }
}

fn route(
    platform: &mut Platform,
    call: &Call<'_>,
    segments: &[&str],
    caller: Caller,
    now: Instant,
) -> Outcome<Reply> {
    let (kind, body, query) = (call.content_type, call.body, Query(call.query));
    let answer: Answer = match (call.method, segments) {
        // For everybody.
        (_, [""]) => Answer::json(200, &json!({ "message": "Kriegspiel Chess API" })),
        (_, ["health"]) => {
            Answer::json(200, &json!({ "status": "ok", "db": "connected", "version": VERSION }))
        }
        (_, ["auth", "bots", "register"]) => platform.register_bot(kind, body, call.registration_key, now)?,
        (_, ["auth", "register"]) => platform.register_human(kind, body, now)?,
        (_, ["auth", "guest"]) => platform.register_guest(now)?,
        ("PATCH", ["user", "settings"]) => platform.keep_settings(caller.needed()?, kind, body)?,
        (_, ["user", name]) => platform.show_user(name)?,
        (_, ["user", name, "games"]) => platform.show_user_games(name, &query)?,
        (_, ["user", name, _]) => platform.show_rating_history(name, &query)?,
        (_, ["leaderboard"]) => platform.show_leaderboard(&query)?,
        // For who is known. That is asked before anything else.
        (_, ["auth", _]) => platform.me(caller.needed()?)?,
        (_, ["bots"]) => {
            caller.needed()?;
            platform.list_bots(now)
        }
        (_, ["bots", "profile"]) => platform.sync_profile(caller.needed()?, kind, body)?,
        (_, ["bots", _]) => platform.report_availability(caller.needed()?, kind, body, now)?,
        (_, ["game", "open"]) => {
            caller.needed()?;
            platform.open_games()
        }
        (_, ["game", "mine", "active"] | ["game", "mine-active"]) => {
            platform.mine_active(caller.needed()?, now)
        }
        (_, ["game", "mine", _] | ["game", "mine-archived"]) => platform.mine_archived(caller.needed()?, now),
        (_, ["game", "mine"]) => platform.mine(caller.needed()?, now),
        (_, ["game", "recent"]) => {
            caller.needed()?;
            platform.recent_games(&query)?
        }
        (_, ["game", "stats"]) => {
            caller.needed()?;
            platform.platform_stats(now)
        }
        (_, ["game", "create"]) => {
            let who = caller.needed()?;
            platform.create(who, Wish::read(kind, body)?, now)?
        }
        (_, ["game", "join", code]) => platform.join(caller.needed()?, code, now)?,
        ("DELETE", ["game", name]) => platform.delete(caller.needed()?, name)?,
        (_, ["game", name]) => {
            caller.needed()?;
            platform.show_game(name)?
        }
        (_, ["game", name, "state"]) => platform.show_state(caller.needed()?, name, now)?,
        (_, ["game", name, "move"]) => {
            let who = caller.needed()?;
            platform.submit_move(who, name, &play::read_move(kind, body)?, now)?
        }
        (_, ["game", name, "ask-any"]) => platform.submit_ask_any(caller.needed()?, name, now)?,
        (_, ["game", name, "resign"]) => platform.resign(caller.needed()?, name, now)?,
        (_, ["game", name, "moves"]) => platform.show_moves(caller.needed()?, name)?,
        (_, ["game", name, "review"]) => platform.show_review(caller.needed()?, name)?,
        (_, ["game", name, "events"]) => {
            let who = caller.needed()?;
            if !platform.settings.events {
                return Err(Refusal::detail(404, "Not Found"));
            }
            return Ok(Reply::Events(platform.subscribe(who, name, now)?));
        }
        _ => return Err(Refusal::detail(404, "Not Found")),
    };
    Ok(answer.into())
}
