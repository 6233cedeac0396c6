use std::collections::HashMap;

use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::super::house::HouseBot;
use super::super::records::{Caller, Outcome};
use super::super::settings::SecondTunnel;
use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A network without house bots and limits, unless a test wants them.
fn plain() -> Settings {
    Settings { house: Vec::new(), house_calls: 0, rate_limits: None, ..Settings::default() }
}

/// A network, a clock that stands, and everything that went out.
struct Scene {
    network: Network,
    now: Instant,
    frames: Vec<(TunnelId, Value)>,
    closes: Vec<(TunnelId, u16)>,
    answers: Vec<(CallNumber, Answer)>,
}

impl Scene {
    fn new(settings: Settings) -> Self {
        let now = Instant::now();
        let network = Network::new(settings, 7, Clock::real(), "http://127.0.0.1:1/", now);
        Self { network, now, frames: Vec::new(), closes: Vec::new(), answers: Vec::new() }
    }

    fn act<T>(&mut self, deed: impl FnOnce(&mut Network, Instant) -> T) -> T {
        let result = deed(&mut self.network, self.now);
        for outgoing in self.network.take_outbox() {
            match outgoing {
                Outgoing::Frame(tunnel, text) => {
                    self.frames.push((tunnel, serde_json::from_str(&text).unwrap()));
                }
                Outgoing::Close(tunnel, code, _) => self.closes.push((tunnel, code)),
                Outgoing::Answer(call, answer) => self.answers.push((call, answer)),
            }
        }
        result
    }

    /// Lets time pass, with everything that is due meanwhile at its moment.
    fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some(next) = self.network.next_deadline().filter(|next| *next <= until) {
            self.now = next.max(self.now);
            self.act(Network::on_time);
        }
        self.now = until;
    }

    fn key(&mut self, name: &str) -> Secret {
        self.network.register_by_name(name).unwrap()
    }

    fn say(&mut self, tunnel: TunnelId, frame: &Value) {
        let text = frame.to_string();
        self.act(|network, now| network.on_text(tunnel, &text, now));
    }

    fn open(&mut self, key: &Secret) -> TunnelId {
        let tunnel = self.act(Network::connect);
        self.say(tunnel, &json!({ "type": "auth", "api_key": key.expose() }));
        tunnel
    }

    /// The last frame of a type to a tunnel.
    fn last(&self, tunnel: TunnelId, kind: &str) -> Option<&Value> {
        self.frames
            .iter()
            .rev()
            .find(|(to, frame)| *to == tunnel && frame["type"] == kind)
            .map(|(_, frame)| frame)
    }

    fn proxy(&mut self, key: &Secret, code: &str, session: Option<&str>) -> Result<CallNumber, Answer> {
        let body = br#"{"message": "hey, what do you do?"}"#;
        let call = ProxyCall { key: Some(key.expose()), code, session, body };
        self.act(|network, now| network.proxy(&call, now))
    }

    fn answer(&self, call: CallNumber) -> Option<&Answer> {
        let mut answers = self.answers.iter().filter(|(number, _)| *number == call);
        let first = answers.next();
        assert!(answers.next().is_none(), "one answer for each call");
        first.map(|(_, answer)| answer)
    }

    fn respond(&mut self, tunnel: TunnelId, body: &str) {
        let id = self.last(tunnel, "request").unwrap()["id"].clone();
        self.say(
            tunnel,
            &json!({
                "type": "response", "id": id, "status": 200,
                "headers": { "content-type": "application/json" }, "body": body,
            }),
        );
    }
}

fn error_of(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    body["error"].as_str().unwrap().to_owned()
}

fn session_of(answer: &Answer) -> String {
    answer.headers["x-kpath-session-id"].to_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_call_through_the_proxy_reaches_the_tunnel_and_comes_back() {
    let mut scene = Scene::new(plain());
    let (zeph, nova) = (scene.key("Zeph"), scene.key("Nova"));
    let tunnel = scene.open(&zeph);
    let greeting = scene.last(tunnel, "auth_ok").unwrap();
    assert_eq!(greeting["tunnel_url"], "http://127.0.0.1:1/tunnel/zeph");
    assert_eq!((&greeting["agent_name"], &greeting["service_code"]), (&json!("Zeph"), &json!("zeph")));

    let call = scene.proxy(&nova, "zeph", None).unwrap();
    let request = scene.last(tunnel, "request").unwrap().clone();
    assert_eq!(request["method"], "POST");
    assert_eq!(request["path"], "/");
    assert_eq!(request["query_string"], "");
    assert_eq!(request["body"], r#"{"message": "hey, what do you do?"}"#);
    let headers = request["headers"].as_object().unwrap();
    assert_eq!(headers.len(), 6, "the six headers of the spec");
    assert_eq!(headers["Content-Type"], "application/json");
    assert_eq!(headers["X-KPATH-Privacy-Level"], "0");
    assert!(!request.to_string().contains(nova.expose()), "a caller's key is nobody else's");
    assert!(scene.answer(call).is_none());

    scene.pass(seconds(3));
    scene.respond(tunnel, r#"{"reply":"recipes"}"#);
    let answer = scene.answer(call).unwrap().clone();
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, r#"{"reply":"recipes"}"#));
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(headers["X-KPATH-Session-ID"], session_of(&answer));
    let record = scene.network.calls().pop().unwrap();
    assert_eq!((record.from, record.to.as_str()), (Caller::Bot("nova".into()), "zeph"));
    assert_eq!((record.outcome, record.took), (Some(Outcome::Answered), Some(seconds(3))));
}

#[tokio::test(start_paused = true)]
async fn a_session_goes_on_under_every_spelling_and_is_the_callers_own() {
    let mut scene = Scene::new(plain());
    let (zeph, nova, mine) = (scene.key("Zeph"), scene.key("Nova"), scene.key("Mine"));
    let tunnel = scene.open(&zeph);
    let say = |scene: &mut Scene, key: &Secret, header: Option<&str>, body: Value| {
        let body = body.to_string();
        let call =
            ProxyCall { key: Some(key.expose()), code: "zeph", session: header, body: body.as_bytes() };
        let call = scene.act(|network, now| network.proxy(&call, now)).unwrap();
        scene.respond(tunnel, "{}");
        session_of(scene.answer(call).unwrap())
    };
    let id = say(&mut scene, &nova, None, json!({ "message": "a" }));
    assert_eq!(say(&mut scene, &nova, Some(&id), json!({ "message": "b" })), id);
    assert_eq!(say(&mut scene, &nova, None, json!({ "message": "c", "session_id": id })), id);
    assert_ne!(say(&mut scene, &nova, None, json!({ "message": "d" })), id, "without an id it begins anew");
    assert_ne!(say(&mut scene, &mine, Some(&id), json!({ "message": "e" })), id);
    assert_ne!(say(&mut scene, &nova, Some("unheard of"), json!({ "message": "f" })), "unheard of");
    scene.pass(seconds(31));
    assert_eq!(say(&mut scene, &nova, Some(&id), json!({ "message": "g" })), id);
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_is_too_slow_is_answered_for_at_thirty_seconds() {
    let mut scene = Scene::new(plain());
    let (zeph, nova) = (scene.key("Zeph"), scene.key("Nova"));
    let tunnel = scene.open(&zeph);
    let call = scene.proxy(&nova, "zeph", None).unwrap();
    scene.pass(Duration::from_millis(29_999));
    assert!(scene.answer(call).is_none());
    scene.pass(Duration::from_millis(1));
    assert_eq!(scene.answer(call).unwrap().status, StatusCode::GATEWAY_TIMEOUT);
    scene.respond(tunnel, r#"{"reply":"too late"}"#);
    scene.respond(tunnel, r#"{"reply":"and again"}"#);
    assert_eq!(scene.answer(call).unwrap().status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(scene.network.strays(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_lost_tunnel_answers_its_callers_and_takes_no_answer_of_another() {
    let mut scene = Scene::new(plain());
    let (zeph, nova) = (scene.key("Zeph"), scene.key("Nova"));
    let first = scene.open(&zeph);
    let call = scene.proxy(&nova, "zeph", None).unwrap();
    let id = scene.last(first, "request").unwrap()["id"].clone();
    let thief = scene.open(&nova);
    scene.say(thief, &json!({ "type": "response", "id": id, "status": 200, "body": "{}" }));
    assert!(scene.answer(call).is_none());
    scene.act(|network, now| network.disconnect(first, now));
    assert_eq!(scene.answer(call).unwrap().status, StatusCode::BAD_GATEWAY);
    let offline = scene.proxy(&nova, "zeph", None).unwrap();
    let answer = scene.answer(offline).unwrap();
    assert_eq!((answer.status, error_of(answer).as_str()), (StatusCode::SERVICE_UNAVAILABLE, "Bot offline"));
    let second = scene.open(&zeph);
    scene.say(second, &json!({ "type": "response", "id": id, "status": 200, "body": "{}" }));
    assert_eq!(scene.network.strays(), 2);
}

#[tokio::test(start_paused = true)]
async fn html_is_blocked_in_the_words_of_the_spec() {
    let mut scene = Scene::new(plain());
    let (zeph, nova) = (scene.key("Zeph"), scene.key("Nova"));
    let tunnel = scene.open(&zeph);
    let call = scene.proxy(&nova, "zeph", None).unwrap();
    scene.respond(tunnel, "<!DOCTYPE html><html></html>");
    let spec: Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/spec/response_blocked.json")).unwrap();
    let answer = scene.answer(call).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&answer.body).unwrap(), spec);
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_must_show_its_key_in_time() {
    let mut scene = Scene::new(plain());
    let tunnel = scene.act(Network::connect);
    scene.say(tunnel, &json!({ "type": "ping" }));
    assert!(scene.last(tunnel, "pong").is_none());
    scene.pass(seconds(9));
    assert!(scene.closes.is_empty());
    scene.pass(seconds(1));
    assert_eq!(scene.closes, [(tunnel, 1008)]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_told_so_and_closed() {
    let mut scene = Scene::new(plain());
    for frame in [json!({ "type": "auth", "api_key": "kp_live_nobody" }), json!({ "type": "auth" })] {
        let tunnel = scene.act(Network::connect);
        scene.say(tunnel, &frame);
        let told = scene.last(tunnel, "error").unwrap();
        let observed = include_str!("../../../tests/fixtures/observed/error.json");
        assert_eq!(told, &serde_json::from_str::<Value>(observed).unwrap());
        assert_eq!(scene.closes.last(), Some(&(tunnel, 4001)));
    }
    let mut scene = Scene::new(Settings { close_on_auth_failure: false, ..plain() });
    let key = scene.key("Zeph");
    let tunnel = scene.open(&Secret::new("kp_live_nobody"));
    assert!(scene.closes.is_empty());
    scene.say(tunnel, &json!({ "type": "auth", "api_key": key.expose() }));
    assert!(scene.last(tunnel, "auth_ok").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_silent_tunnel_is_dropped_after_ninety_seconds_and_pings_keep_it() {
    let mut scene = Scene::new(plain());
    let key = scene.key("Zeph");
    let tunnel = scene.open(&key);
    for _ in 0..8 {
        scene.pass(seconds(25));
        scene.say(tunnel, &json!({ "type": "ping" }));
    }
    let pongs = scene.frames.iter().filter(|(_, frame)| frame["type"] == "pong").count();
    assert_eq!((pongs, scene.closes.len()), (8, 0));
    scene.pass(Duration::from_millis(89_999));
    assert!(scene.closes.is_empty());
    scene.pass(Duration::from_millis(1));
    assert_eq!(scene.closes, [(tunnel, 4008)]);
    assert!(!scene.network.is_online("zeph"));
}

#[tokio::test(start_paused = true)]
async fn a_second_tunnel_takes_over_or_is_refused() {
    let mut scene = Scene::new(plain());
    let (zeph, nova) = (scene.key("Zeph"), scene.key("Nova"));
    let old = scene.open(&zeph);
    let call = scene.proxy(&nova, "zeph", None).unwrap();
    let new = scene.open(&zeph);
    assert_eq!(scene.closes, [(old, 4000)]);
    assert_eq!(scene.answer(call).unwrap().status, StatusCode::BAD_GATEWAY);
    scene.act(|network, now| network.disconnect(old, now));
    assert!(scene.network.is_online("zeph"), "the end of the old one is not that of the new one");
    scene.proxy(&nova, "zeph", None).unwrap();
    assert!(scene.last(new, "request").is_some());

    let mut scene = Scene::new(Settings { second_tunnel: SecondTunnel::IsRefused, ..plain() });
    let zeph = scene.key("Zeph");
    scene.open(&zeph);
    let new = scene.open(&zeph);
    assert_eq!(scene.closes, [(new, 4009)]);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_and_a_bot_that_was_taken_offline_lose_their_tunnels() {
    let mut scene = Scene::new(plain());
    let (zeph, nova) = (scene.key("Zeph"), scene.key("Nova"));
    let tunnel = scene.open(&zeph);
    assert!(scene.act(|network, now| network.hold_offline("zeph", true, now)));
    assert_eq!(scene.closes, [(tunnel, 1013)]);
    let refused = scene.open(&zeph);
    assert_eq!(scene.closes.last(), Some(&(refused, 1013)));
    scene.act(|network, now| network.hold_offline("zeph", false, now));
    let back = scene.open(&zeph);
    assert!(scene.network.is_online("zeph"));

    assert!(scene.act(|network, now| network.revoke("zeph", now)));
    assert!(!scene.act(|network, now| network.revoke("zeph", now)));
    assert_eq!(scene.closes.last(), Some(&(back, 4001)));
    assert_eq!(scene.last(back, "error").unwrap()["message"], "Invalid or expired API key");
    let refused = scene.proxy(&zeph, "nova", None).unwrap_err();
    assert_eq!(
        (refused.status, error_of(&refused).as_str()),
        (StatusCode::UNAUTHORIZED, "Invalid or expired API key")
    );
    assert!(!scene.act(|network, now| network.hold_offline("nobody", true, now)));
    assert!(scene.proxy(&nova, "nobody", None).is_err_and(|answer| answer.status == StatusCode::NOT_FOUND));
}

#[tokio::test(start_paused = true)]
async fn a_response_of_a_wrong_shape_is_a_502_and_an_error_frame() {
    let mut scene = Scene::new(plain());
    let (zeph, nova) = (scene.key("Zeph"), scene.key("Nova"));
    let tunnel = scene.open(&zeph);
    for wrong in [
        json!({ "status": "200", "body": "{}" }),
        json!({ "status": 200, "body": { "reply": "x" } }),
        json!({ "status": 200, "headers": [], "body": "{}" }),
        json!({ "status": 200, "headers": { "content-length": "7" }, "body": "{}" }),
    ] {
        let call = scene.proxy(&nova, "zeph", None).unwrap();
        let mut frame = wrong.clone();
        frame["type"] = "response".into();
        frame["id"] = scene.last(tunnel, "request").unwrap()["id"].clone();
        scene.say(tunnel, &frame);
        assert_eq!(scene.answer(call).unwrap().status, StatusCode::BAD_GATEWAY, "{wrong}");
        assert_eq!(scene.network.calls().last().unwrap().outcome, Some(Outcome::BadAnswer));
    }
    assert!(scene.network.is_online("zeph"));
}

#[tokio::test(start_paused = true)]
async fn an_underscore_keeps_everybody_out() {
    let mut scene = Scene::new(plain());
    let (bad, nova) = (scene.key("My Bot"), scene.key("Nova"));
    scene.open(&bad);
    assert!(scene.network.is_online("my_bot"));
    let call = scene.proxy(&nova, "my_bot", None).unwrap();
    assert_eq!(error_of(scene.answer(call).unwrap()), "SSL error");
}

#[tokio::test(start_paused = true)]
async fn the_public_address_passes_on_what_it_gets() {
    let mut scene = Scene::new(plain());
    let zeph = scene.key("Zeph");
    let tunnel = scene.open(&zeph);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-kpath-session-id", "claimed"),
        ("connection", "close"),
        ("content-length", "2"),
        ("x-api-key", "kp_live_secret"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.append("accept", HeaderValue::from_static("a"));
    headers.append("accept", HeaderValue::from_static("b"));
    let call = IngressCall {
        code: "zeph",
        method: "PUT",
        path: "/api/ch%20at",
        query: "a=%26&b",
        headers: &headers,
        body: "{🦀".as_bytes(),
    };
    let call = scene.act(|network, now| network.ingress(&call, now)).unwrap();
    let request = scene.last(tunnel, "request").unwrap();
    assert_eq!(request["method"], "PUT");
    assert_eq!(request["path"], "/api/ch%20at");
    assert_eq!(request["query_string"], "a=%26&b");
    assert_eq!(request["body"], "{🦀");
    let passed =
        json!({ "content-type": "application/json", "x-kpath-session-id": "claimed", "accept": "a, b" });
    assert_eq!(request["headers"], passed);
    scene.respond(tunnel, "{}");
    assert!(!scene.answer(call).unwrap().headers.contains_key("x-kpath-session-id"));
    let binary =
        IngressCall { code: "zeph", method: "POST", path: "/", query: "", headers: &headers, body: &[0xff] };
    let refused = scene.act(|network, now| network.ingress(&binary, now)).unwrap_err();
    assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test(start_paused = true)]
async fn roulette_never_gives_you_yourself_and_search_reads_descriptions() {
    let mut scene = Scene::new(Settings { house: HouseBot::ALL.to_vec(), ..plain() });
    let (zeph, nova) = (scene.key("Zeph"), scene.key("Nova"));
    scene.open(&zeph);
    scene.open(&nova);
    let mut drawn: HashMap<String, u32> = HashMap::new();
    for _ in 0..400 {
        let answer = scene.act(|network, now| network.roulette(Some(zeph.expose()), now));
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let [bot] = body["results"].as_array().unwrap().as_slice() else { panic!("one bot: {body}") };
        *drawn.entry(bot["service_code"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let mut names: Vec<&str> = drawn.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["nova", "professor", "rosie", "tortoise"]);

    let update = |scene: &mut Scene, body: Value| {
        let body = body.to_string();
        scene.act(|network, now| network.update(Some(nova.expose()), body.as_bytes(), now))
    };
    let answer = update(&mut scene, json!({ "description": "Audits the SECURITY of riddles for fun" }));
    assert_eq!(answer.status, StatusCode::OK);
    let search = |scene: &mut Scene, query: &str| -> Vec<String> {
        let answer = scene.act(|network, now| network.search(Some(zeph.expose()), Some(query), now));
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let results = body["results"].as_array().unwrap();
        results.iter().map(|bot| bot["service_code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(search(&mut scene, "security"), ["mallory", "nova", "tortoise"]);
    assert_eq!(search(&mut scene, "security, FUN!")[0], "nova", "the most words come first");
    assert!(search(&mut scene, "zeph").is_empty(), "a name is no description");
    update(&mut scene, json!({ "is_active": false }));
    assert_eq!(search(&mut scene, "security"), ["mallory", "tortoise"]);
    let call = scene.proxy(&zeph, "nova", None).unwrap();
    assert!(scene.answer(call).is_none(), "a hidden bot can still be called");

    let mut alone = Scene::new(plain());
    let key = alone.key("Zeph");
    let answer = alone.act(|network, now| network.roulette(Some(key.expose()), now));
    assert_eq!(answer.body, r#"{"results":[]}"#);
}

#[tokio::test(start_paused = true)]
async fn the_limits_hold_for_each_key() {
    let limits = Settings::default().rate_limits;
    let mut scene = Scene::new(Settings { rate_limits: limits, ..plain() });
    let (zeph, nova) = (scene.key("Zeph"), scene.key("Nova"));
    let roulette =
        |scene: &mut Scene, key: &Secret| scene.act(|network, now| network.roulette(Some(key.expose()), now));
    for _ in 0..6 {
        assert_eq!(roulette(&mut scene, &zeph).status, StatusCode::OK);
    }
    let refused = roulette(&mut scene, &zeph);
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers["retry-after"], "10");
    assert_eq!(refused.headers["content-type"], "text/html");
    assert_eq!(roulette(&mut scene, &nova).status, StatusCode::OK);
    scene.pass(seconds(10));
    assert_eq!(roulette(&mut scene, &zeph).status, StatusCode::OK);

    scene.pass(seconds(60));
    let search = |scene: &mut Scene, key: Option<&str>| {
        scene.act(|network, now| network.search(key, Some("x"), now)).status
    };
    for _ in 0..10 {
        assert_eq!(search(&mut scene, Some(zeph.expose())), StatusCode::OK);
        assert_eq!(search(&mut scene, Some("kp_live_nobody")), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(search(&mut scene, Some(zeph.expose())), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(search(&mut scene, None), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(search(&mut scene, Some(nova.expose())), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn house_bots_answer_each_in_its_way() {
    let mut scene = Scene::new(Settings { house: HouseBot::ALL.to_vec(), ..plain() });
    let nova = scene.key("Nova");
    for (code, after, status, outcome) in [
        ("rosie", Duration::from_millis(300), 200, Outcome::Answered),
        ("professor", Duration::from_millis(300), 200, Outcome::Answered),
        ("tortoise", seconds(12), 200, Outcome::Answered),
        ("statue", seconds(30), 504, Outcome::TimedOut),
        ("ghost", Duration::ZERO, 503, Outcome::Offline),
        ("webster", Duration::from_millis(300), 502, Outcome::Blocked),
        ("goliath", Duration::from_millis(300), 200, Outcome::Answered),
        ("mallory", Duration::from_millis(300), 200, Outcome::Answered),
        ("glitch", Duration::from_millis(300), 500, Outcome::Answered),
    ] {
        let call = scene.proxy(&nova, code, None).unwrap();
        assert_eq!(scene.answer(call).is_some(), after.is_zero(), "{code}");
        scene.pass(after);
        assert_eq!(scene.answer(call).unwrap().status.as_u16(), status, "{code}");
        assert_eq!(scene.network.calls().last().unwrap().outcome, Some(outcome), "{code}");
    }
    let huge = scene.answers.iter().map(|(_, answer)| answer.body.len()).max().unwrap();
    assert!(huge > 2 << 20);
}

/// Everything that house bots say to an online bot that answers at once.
fn visited(settings: Settings, seed: u64) -> Vec<(String, String)> {
    let mut scene = Scene::new(settings);
    scene.network.restart(seed, scene.now);
    let key = scene.key("Zeph");
    let tunnel = scene.open(&key);
    let mut seen = Vec::new();
    for _ in 0..1_200 {
        scene.pass(Duration::from_millis(100));
        let count = scene.frames.iter().filter(|(_, frame)| frame["type"] == "request").count();
        if count > seen.len() {
            let frame = scene.last(tunnel, "request").unwrap();
            let session = frame["headers"]["X-KPATH-Session-ID"].as_str().unwrap().to_owned();
            seen.push((session, frame["body"].as_str().unwrap().to_owned()));
            scene.respond(tunnel, r#"{"reply":"as you say"}"#);
        }
        scene.say(tunnel, &json!({ "type": "ping" }));
    }
    let calls = scene.network.calls();
    assert!(calls.iter().all(|call| matches!(call.from, Caller::House(_)) && call.outcome.is_some()));
    seen
}

#[tokio::test(start_paused = true)]
async fn house_bots_call_and_hold_conversations_of_a_few_turns() {
    let settings = Settings { house: HouseBot::ALL.to_vec(), house_calls: 3, ..plain() };
    let seen = visited(settings.clone(), 7);
    let mut turns: Vec<u32> = Vec::new();
    let mut last = "";
    for (session, _) in &seen {
        if session == last {
            *turns.last_mut().unwrap() += 1
        } else {
            turns.push(1)
        }
        last = session;
    }
    assert_eq!(turns.len(), 3, "three conversations: {turns:?}");
    assert!(turns.iter().all(|turns| (2..=3).contains(turns)), "{turns:?}");
    assert_eq!(visited(settings.clone(), 7), seen, "a seed repeats them");
    assert_ne!(visited(settings.clone(), 8), seen);
    assert!(visited(Settings { house_calls: 0, ..settings.clone() }, 7).is_empty());
    let forever = visited(Settings { house_calls: u32::MAX, ..settings.clone() }, 7);
    assert!(forever.len() > 20, "{}", forever.len());
    let friendly = visited(Settings { house: vec![HouseBot::Friendly], ..settings }, 7);
    assert!(friendly[1].1.contains("as you say"), "a house bot heard the answer: {:?}", friendly[1]);
}

#[tokio::test(start_paused = true)]
async fn a_house_bot_gives_up_on_a_bot_that_is_gone() {
    let settings = Settings { house: vec![HouseBot::Friendly], house_calls: 2, ..plain() };
    let mut scene = Scene::new(settings);
    let key = scene.key("Zeph");
    let tunnel = scene.open(&key);
    scene.pass(seconds(8));
    assert!(scene.last(tunnel, "request").is_some());
    scene.act(|network, now| network.disconnect(tunnel, now));
    scene.pass(seconds(60));
    assert_eq!(scene.network.calls().len(), 1);
    let back = scene.open(&key);
    scene.pass(seconds(8));
    assert!(scene.last(back, "request").is_some(), "and calls again when it is back");
}

#[tokio::test(start_paused = true)]
async fn a_restart_answers_everybody_and_repeats() {
    let mut scene = Scene::new(Settings { house: HouseBot::ALL.to_vec(), ..plain() });
    let (zeph, nova) = (scene.key("Zeph"), scene.key("Nova"));
    scene.open(&zeph);
    let call = scene.proxy(&nova, "zeph", None).unwrap();
    scene.act(|network, now| network.restart(3, now));
    assert_eq!(scene.answer(call).unwrap().status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(scene.network.calls().is_empty());
    let talk = |scene: &mut Scene| {
        scene.act(|network, now| network.restart(3, now));
        scene.answers.clear();
        let call = scene.proxy(&nova, "rosie", None).unwrap();
        scene.pass(seconds(1));
        let answer = scene.answer(call).unwrap();
        (answer.body.clone(), session_of(answer))
    };
    let first = talk(&mut scene);
    assert_eq!(talk(&mut scene), first);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_calls_are_remembered() {
    for keep_calls in [0, 1, 5] {
        let mut scene = Scene::new(Settings { keep_calls, ..plain() });
        let (_, nova) = (scene.key("Zeph"), scene.key("Nova"));
        for _ in 0..9 {
            scene.proxy(&nova, "zeph", None).unwrap();
        }
        let numbers: Vec<u64> = scene.network.calls().iter().map(|call| call.number).collect();
        let expected: Vec<u64> = (10 - keep_calls as u64..=9).collect();
        assert_eq!(numbers, expected);
    }
}

/// Whatever tunnels say, in whatever order: nothing panics, and each call gets exactly one answer.
#[tokio::test(start_paused = true)]
async fn random_frames_never_cost_a_caller_its_one_answer() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let rule = if seed % 2 == 0 { SecondTunnel::TakesOver } else { SecondTunnel::IsRefused };
        let house = if seed % 3 == 0 { HouseBot::ALL.to_vec() } else { Vec::new() };
        let settings = Settings {
            house,
            house_calls: u32::from(seed % 3 == 0) * 9,
            second_tunnel: rule,
            close_on_auth_failure: seed % 5 != 0,
            ..plain()
        };
        let mut scene = Scene::new(settings);
        let mut keys = [scene.key("Zeph"), scene.key("Nova"), scene.key("Pixel")];
        keys[2] = Secret::new("kp_live_nobody");
        let codes = ["zeph", "nova", "rosie", "statue", "webster", "pixel"];
        let mut tunnels: Vec<TunnelId> = Vec::new();
        let mut calls: Vec<CallNumber> = Vec::new();
        for _ in 0..200 {
            match rng.u8(..16) {
                0 => tunnels.push(scene.act(Network::connect)),
                1 | 2 => tunnels.push(scene.open(&keys[rng.usize(..3)].clone())),
                3 => {
                    if let Some(tunnel) = rng.choice(&tunnels).copied() {
                        scene.act(|network, now| network.disconnect(tunnel, now));
                    }
                }
                4..=7 => {
                    let code = codes[rng.usize(..codes.len())];
                    calls.extend(scene.proxy(&keys[rng.usize(..2)].clone(), code, None));
                }
                8 => scene.pass(Duration::from_millis(rng.u64(..20_000))),
                9 => {
                    let code = codes[rng.usize(..2)];
                    let held = rng.bool();
                    scene.act(|network, now| network.hold_offline(code, held, now));
                }
                10 if rng.u8(..8) == 0 => {
                    scene.act(|network, now| network.revoke("nova", now));
                }
                _ => {
                    let Some(tunnel) = rng.choice(&tunnels).copied() else { continue };
                    let text = frame(&scene, &mut rng);
                    scene.act(|network, now| network.on_text(tunnel, &text, now));
                    if rng.u8(..10) == 0 {
                        scene.act(|network, now| network.on_binary(tunnel, now));
                    }
                }
            }
        }
        // Pings keep nobody alive from here on: whatever is open ends by itself.
        scene.pass(seconds(31));
        for call in calls {
            assert!(scene.answer(call).is_some(), "seed {seed}: {call:?} has no answer");
        }
        let open = scene.network.calls().into_iter().filter(|call| call.outcome.is_none());
        assert!(open.clone().all(|call| matches!(call.from, Caller::House(_))), "seed {seed}");
        assert_eq!(
            scene.network.frames.len(),
            scene.network.open.values().filter(|call| { matches!(call.via, proxy::Via::Tunnel(_)) }).count(),
            "seed {seed}: the ids of frames are those of open calls"
        );
    }
}

/// A frame that a tunnel may say: right, nearly right, or nonsense.
fn frame(scene: &Scene, rng: &mut fastrand::Rng) -> String {
    let ids: Vec<Value> = scene
        .frames
        .iter()
        .rev()
        .filter(|(_, frame)| frame["type"] == "request")
        .take(8)
        .map(|(_, frame)| frame["id"].clone())
        .collect();
    let id = match rng.u8(..6) {
        0 => json!(null),
        1 => json!(7),
        2 => json!("unheard of"),
        _ => rng.choice(ids).unwrap_or_default(),
    };
    let pick = |rng: &mut fastrand::Rng, values: &[Value]| values[rng.usize(..values.len())].clone();
    let status =
        pick(rng, &[json!(200), json!(200), json!(500), json!(99), json!(-1), json!("200"), json!(null)]);
    let body = pick(
        rng,
        &[json!("{}"), json!("{\"reply\":\"x\"}"), json!("<html>"), json!({}), json!(null), json!("\u{0}")],
    );
    let headers = pick(
        rng,
        &[
            json!({}),
            json!({ "content-type": "application/json" }),
            json!({ "a\r\nb": "c", "x": 7, "content-length": "99" }),
            json!([]),
            json!(null),
        ],
    );
    let kind = pick(
        rng,
        &[
            json!("response"),
            json!("response"),
            json!("response"),
            json!("ping"),
            json!("auth"),
            json!("request"),
            json!(7),
            json!(null),
        ],
    );
    let text =
        json!({ "type": kind, "id": id, "status": status, "headers": headers, "body": body }).to_string();
    match rng.u8(..12) {
        0 => text.chars().take(rng.usize(..text.len())).collect(),
        1 => "[]".to_owned(),
        2 => String::new(),
        _ => text,
    }
}
