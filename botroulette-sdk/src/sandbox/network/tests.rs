mod house;
mod random;

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

#[tokio::test(start_paused = true)]
async fn readings_of_the_spec_can_be_set() {
    let settings = Settings {
        house: HouseBot::ALL.to_vec(),
        roulette_all: true,
        blocked_status: 200,
        session_lives: seconds(60),
        ..plain()
    };
    let mut scene = Scene::new(settings);
    let nova = scene.key("Nova");
    scene.key("Zeph");
    let mut drawn: Vec<String> = Vec::new();
    for _ in 0..400 {
        let answer = scene.act(|network, now| network.roulette(Some(nova.expose()), now));
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        drawn.push(body["results"][0]["service_code"].as_str().unwrap().to_owned());
    }
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), HouseBot::ALL.len() + 1, "everybody but the caller: {drawn:?}");

    let call = scene.proxy(&nova, "webster", None).unwrap();
    scene.pass(seconds(1));
    assert_eq!(scene.answer(call).unwrap().status, StatusCode::OK);

    let mut session = None;
    for (pause, goes_on) in [(0, false), (60, true), (62, false)] {
        scene.pass(seconds(pause));
        let call = scene.proxy(&nova, "ghost", session.as_deref()).unwrap();
        let told = Some(session_of(scene.answer(call).unwrap()));
        assert_eq!(told == session, goes_on, "after {pause} s");
        session = told;
    }
}
