//! The looks themselves, one platform after the other.

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, HeaderName};
use botpit_sdk::model::AgentId;
use botpit_sdk::sdk_core::error::codes;
use botpit_sdk::sdk_core::http::{Auth, Response};
use botpit_sdk::sdk_core::secret::{Secret, shown_url};
use botpit_sdk::sdk_core::wire::excerpt;
use botpit_sdk::{Error, Rest, Result};
use kriegspiel_sdk::model::Account;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::key::look_at;
use super::knock::{Knock, knock};
use super::{Chart, Patient};
use crate::served::Name;

/// A clock that is further off makes deadlines wrong.
const CLOCK_WARN: Duration = Duration::from_secs(5);
/// A clock that is further off makes certificates and signatures wrong.
const CLOCK_FAIL: Duration = Duration::from_secs(300);

/// Looks at everything that commonly stops a bot, and tells it line by line.
pub async fn examine(chart: &mut Chart, patient: &Patient) {
    chart.about(patient.name.id());
    chart.ok("sdk", format!("{}-sdk {}", patient.name.id(), env!("CARGO_PKG_VERSION")));
    let is_key = look_at(chart, patient.name, patient.key.as_ref());
    let key = patient.key.as_ref().filter(|_| is_key);
    if !reach(chart, patient).await {
        return;
    }
    let key = key.map(|key| &key.secret);
    match patient.name {
        Name::Botpit => botpit(chart, patient, key).await,
        Name::Botornot => botornot(chart, patient, key).await,
        Name::Botroulette => botroulette(chart, patient, key).await,
        Name::Kriegspiel => kriegspiel(chart, patient, key).await,
    }
}

/// A platform that cannot even be found: its address is missing or wrong.
pub fn nowhere(chart: &mut Chart, name: Name, error: &Error) {
    chart.about(name.id());
    chart.failed("host", error);
}

/// Host, TLS and clock, by a call that needs no key. Whether it is worth going on.
async fn reach(chart: &mut Chart, patient: &Patient) -> bool {
    let path: &[&str] = match patient.name {
        Name::Botpit => &["api", "v1", "stats"],
        Name::Botornot => &[],
        Name::Botroulette => &["api", "v1", "agents", "register", "options"],
        Name::Kriegspiel => &["health"],
    };
    let (asked, asked_at) = (SystemTime::now(), Instant::now());
    let answer = match patient.http(Auth::None) {
        Ok(http) => http.get(path).send().await,
        Err(error) => Err(error),
    };
    let took = asked_at.elapsed();
    let host = shown_url(&patient.rest);
    let millis = took.as_millis();
    // Any answer of the platform's own shows that it is there; a page of HTML may be somebody else's.
    let wants_json = patient.name != Name::Botornot;
    let (server_time, page) = match &answer {
        Ok(response) => (response.server_time(), wants_json && is_page(response.body())),
        Err(error) => (error.server_time(), wants_json && error.body().is_some_and(is_page)),
    };
    match &answer {
        Err(error) if *error.code() == codes::TLS_FAILED => {
            chart.failed("tls", error);
            return false;
        }
        Err(error) if error.status().is_none() => {
            chart.failed("host", error);
            return false;
        }
        _ if page => {
            let advice = "look at the address in a browser: a proxy, a login page or a wrong host answers in the platform's place";
            chart.fail(
                "host",
                format!("{host} answers with a page of HTML, and not as the platform"),
                advice,
            );
            return false;
        }
        Err(error) if error.status().is_some_and(|status| status >= 500) => {
            chart.failed("host", error);
            return false;
        }
        Err(error) if wants_json && !error.is_rate_limited() => {
            let status = error.status().unwrap_or_default();
            let advice = "check the address: this path is the platform's own, and every server of it has it";
            chart.fail("host", format!("{host} answers /{} with HTTP {status}", path.join("/")), advice);
            return false;
        }
        _ => chart.ok("host", format!("{host} answers after {millis} ms")),
    }
    if patient.rest.scheme() == "https" {
        chart.ok("tls", "the certificate is good by this system's roots");
    } else {
        chart.ok("tls", "not needed: it is this machine");
    }
    clock(chart, server_time, asked + took / 2);
    true
}

fn clock(chart: &mut Chart, server: Option<SystemTime>, own: SystemTime) {
    let Some(server) = server else {
        let advice = "compare this machine's clock with another by hand";
        return chart.warn("clock", "the server does not say what time it is", advice);
    };
    let (off, way) = match own.duration_since(server) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    // The server's clock is told in whole seconds.
    let words = format!("this machine's is {} s {way} the server's", off.as_secs());
    let advice = "set this machine's clock, best by NTP";
    if off <= CLOCK_WARN {
        chart.ok("clock", "as the server's, within seconds");
    } else if off <= CLOCK_FAIL {
        chart.warn("clock", words, format!("deadlines are read wrongly: {advice}"));
    } else {
        chart.fail("clock", words, format!("signatures and certificates will be refused: {advice}"));
    }
}

// ---- BOTPIT

async fn botpit(chart: &mut Chart, patient: &Patient, key: Option<&Secret>) {
    let Some(url) = patient.ws.clone() else { return };
    let Some(key) = key else { return };
    if !patient.may_connect {
        return not_tried(chart, url, Knock::default()).await;
    }
    let greeting = serde_json::json!({ "type": "authenticate", "api_key": key.expose() }).to_string();
    let asks = Knock { greeting: Some(Secret::new(greeting)), secrets: vec![key.clone()] };
    let answer = match knock(url, asks).await {
        Ok(answer) => answer.unwrap_or_default(),
        Err(error) => return refused(chart, &error),
    };
    let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    let text = |field: &str| answer.get(field).and_then(Value::as_str);
    let Some(id) = text("agent_id").filter(|_| text("type") == Some("authenticated")) else {
        let said = key.redact(text("message").unwrap_or("something else than `authenticated`"));
        return chart.fail(
            "accepted",
            format!("the platform says: {}", excerpt(&said)),
            codes::AUTH_REJECTED.advice(),
        );
    };
    chart.ok(
        "accepted",
        format!("as {}; the connection was closed again", excerpt(text("agent_name").unwrap_or(id))),
    );
    chart.ok("limits", "none are documented");
    if let Err(error) = botpit_agent(chart, patient, &AgentId::from(id)).await {
        chart.warn("account", error.chain(), error.advice());
    }
}

async fn botpit_agent(chart: &mut Chart, patient: &Patient, id: &AgentId) -> Result<()> {
    let rest = Rest::new(&patient.rest)?;
    let agent = rest.agent(id).await?;
    if agent.is_active {
        chart.ok("account", "the agent may play");
    } else {
        chart.fail("account", "the platform has switched the agent off", "ask the platform's people why");
    }
    let stats = rest.agent_stats(id).await?;
    let matches: u64 = stats.iter().map(|game| game.wins.saturating_add(game.losses)).sum();
    let advice = "so a wager above the wallet's balance is refused only when you queue";
    chart.ok(
        "bankroll",
        format!("{matches} matches won or lost so far; the platform tells no balance, {advice}"),
    );
    Ok(())
}

// ---- BotOrNot

async fn botornot(chart: &mut Chart, patient: &Patient, key: Option<&Secret>) {
    let Some(mut url) = patient.ws.clone() else { return };
    let Some(key) = key else { return };
    if !patient.may_connect {
        return not_tried(chart, url, Knock::default()).await;
    }
    url.query_pairs_mut().append_pair("api_key", key.expose());
    match knock(url, Knock { greeting: None, secrets: vec![key.clone()] }).await {
        Ok(_) => {
            chart.ok("accepted", "the WebSocket opens with it; no room was joined, and it was closed again");
            chart.ok("limits", "3 chat messages at once, and one more a second");
            chart.ok("account", "the platform tells nothing of an agent before it joins the lobby");
        }
        Err(error) => refused(chart, &error),
    }
}

/// On the platforms where a key is shown to a WebSocket alone: opened without the key, it shows at least that there is one.
async fn not_tried(chart: &mut Chart, url: Url, without_key: Knock) {
    match knock(url, without_key).await {
        Err(error) if error.status().is_none() => return chart.failed("socket", &error),
        _ => chart.ok("socket", "the WebSocket's address answers"),
    }
    let message = "not tried: a connection could take the place of a bot that runs with this key now";
    chart.warn("accepted", message, "add --connect when no bot runs with it");
}

// ---- BotRoulette

async fn botroulette(chart: &mut Chart, patient: &Patient, key: Option<&Secret>) {
    let Some(key) = key else { return };
    let auth = Auth::Header { name: HeaderName::from_static("x-api-key"), key: key.clone() };
    let asked = async { patient.http(auth)?.get(&["search"]).query("query", "bot").send().await };
    match asked.await {
        Ok(response) if is_page(response.body()) => {
            let advice = "look at the address in a browser: something else answers in the platform's place";
            return chart.fail("accepted", "the search is answered with a page of HTML", advice);
        }
        Ok(response) => {
            chart.ok("accepted", "a search with it is answered");
            limits(chart, &response, "6 roulette calls a minute and 10 calls a second");
        }
        Err(error) => return refused(chart, &error),
    }
    if let Some(tunnel) = patient.ws.clone() {
        match knock(tunnel, Knock::default()).await {
            Ok(_) => chart.ok("tunnel", "the WebSocket of the tunnel opens; the key was not shown there"),
            Err(error) => chart.failed("tunnel", &error),
        }
    }
    online(chart, patient).await;
}

/// Whether the bot can be called: its own health endpoint, through its public address, costs no answer of a model.
async fn online(chart: &mut Chart, patient: &Patient) {
    let Some(code) = &patient.code else {
        let message = "not looked at: the platform does not tell which bot a key belongs to";
        return chart.warn("online", message, "name the bot with --code CODE");
    };
    let public = if patient.is_local() {
        patient.rest.join(&format!("tunnel/{code}/")).ok()
    } else {
        format!("https://{code}.tunnel.botroulette.net/").parse().ok()
    };
    let asked = async {
        let rest = public.ok_or_else(|| Error::invalid_argument("code", "this is no service code"))?;
        // The public address takes anybody, so no key goes there.
        Patient { rest, ..patient.clone() }.http(Auth::None)?.get(&["health"]).send().await
    };
    match asked.await {
        Ok(_) => chart.ok("online", format!("{code} answers through its public address")),
        Err(error) if error.status() == Some(503) => {
            let advice = "start the bot: others get “Bot offline” until its tunnel is open";
            chart.warn("online", format!("{code} is offline"), advice);
        }
        // Whatever else the bot says, it is the bot that says it.
        Err(error) if error.status().is_some_and(|status| status < 500 && status != 404) => {
            chart.ok("online", format!("{code} answers through its public address"));
        }
        Err(error) => chart.warn("online", error.chain(), "check the service code, and that the bot runs"),
    }
}

// ---- Kriegspiel.org

async fn kriegspiel(chart: &mut Chart, patient: &Patient, key: Option<&Secret>) {
    let Some(key) = key else { return };
    let asked = async {
        let http = patient.http(Auth::Bearer(key.clone()))?;
        let response = http.get(&["auth", "me"]).send().await?;
        let account = Account::decode(response.body())?;
        let games: Value = http.get(&["game", "mine", "active"]).send_json().await?;
        Ok::<_, Error>((response, account, games))
    };
    let (response, account, games) = match asked.await {
        Ok(answers) => answers,
        Err(error) => return refused(chart, &error),
    };
    chart.ok("accepted", format!("as {}", excerpt(&account.username)));
    limits(chart, &response, "one join of another bot's game a minute");
    let profile = account.extra.get("bot_profile");
    let field = |name: &str| profile.and_then(|profile| profile.get(name));
    match (profile, field("listed").and_then(Value::as_bool)) {
        (None, _) => {
            let advice = "register a bot: a human's token cannot play as one";
            chart.fail("listed", "this account is no bot", advice);
        }
        (Some(_), Some(false)) => {
            let advice = "humans cannot pick it; it still finds games in the lobby. Register it with `listed` to be picked";
            chart.warn("listed", "the bot is not listed", advice);
        }
        (Some(_), _) => chart.ok("listed", "humans can pick the bot"),
    }
    match field("supported_rule_variants").and_then(Value::as_array).map(Vec::len) {
        Some(0) => {
            chart.fail("rulesets", "the bot's profile has none", "store which it plays with sync_profile")
        }
        Some(count) => chart.ok("rulesets", format!("{count} in the bot's profile")),
        None => {}
    }
    let active = games.get("games").or(Some(&games)).and_then(Value::as_array).map_or(0, Vec::len);
    chart.ok("games", format!("{active} going on"));
}

// ---- what is the same everywhere

fn refused(chart: &mut Chart, error: &Error) {
    if error.is_rate_limited() {
        let wait =
            error.retry_after().map_or_else(|| "a while".to_owned(), |wait| format!("{} s", wait.as_secs()));
        return chart.warn(
            "limits",
            error.chain(),
            format!("wait for {wait}, and run fewer bots with one key"),
        );
    }
    chart.failed("accepted", error);
}

/// What the platform says of its limits, or else what is documented.
fn limits(chart: &mut Chart, response: &Response, documented: &str) {
    let told = told_limits(response.headers());
    if told.is_empty() {
        chart.ok("limits", format!("{documented}, by the documentation; the answer tells none"));
    } else {
        chart.ok("limits", excerpt(&told.join(", ")));
    }
}

fn told_limits(headers: &HeaderMap) -> Vec<String> {
    let told =
        headers.iter().filter(|(name, _)| name.as_str().contains("ratelimit") || *name == "retry-after");
    told.filter_map(|(name, value)| Some(format!("{name} {}", value.to_str().ok()?))).collect()
}

fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn limits_are_read_from_whatever_header_tells_them() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-remaining", HeaderValue::from_static("9"));
        headers.insert("content-type", HeaderValue::from_static("text/plain"));
        assert_eq!(told_limits(&headers), ["x-ratelimit-remaining 9"]);
    }

    #[test]
    fn a_page_is_told_from_json() {
        assert!(is_page(b"\r\n <html>") && !is_page(b"{}") && !is_page(b""));
    }
}
