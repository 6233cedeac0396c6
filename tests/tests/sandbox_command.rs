//! The `sandbox` command: its first line, clients in any language, the status page, and its end.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod served;

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use family_tests::programs::{Run, program, run};
use serde_json::{Value, json};
use served::{Served, Socket};

// ---- the first line -------------------------------------------------------------------------------------------------

#[test]
fn the_first_line_is_the_addresses_and_keys_of_what_is_served() {
    let served = Served::anywhere(&["all", "--seed", "7"]);
    let fields: Vec<String> =
        names_in_order(&served.first, &["botpit", "botornot", "botroulette", "kriegspiel", "status"]);
    assert_eq!(fields, ["botpit", "botornot", "botroulette", "kriegspiel", "status"]);
    for (platform, fields) in [
        ("botpit", vec!["keys", "rest", "ws"]),
        ("botornot", vec!["keys", "rest", "ws"]),
        ("botroulette", vec!["keys", "rest", "tunnel"]),
        ("kriegspiel", vec!["keys", "rest"]),
    ] {
        let mut told: Vec<_> = served.line[platform].as_object().unwrap().keys().cloned().collect();
        told.sort_unstable();
        assert_eq!(told, fields, "{platform}");
        assert_eq!(served.line[platform]["keys"].as_array().unwrap().len(), 4);
        let address = served.address(platform);
        assert!(address.starts_with("127.0.0.1:"), "{address}");
        for (field, path) in [("ws", ["/api/v1/ws", "/ws"]), ("tunnel", ["/ws", "/ws"])] {
            if let Some(url) = served.line[platform][field].as_str() {
                let path_of = url.strip_prefix(&format!("ws://{address}")).unwrap();
                assert!(path.contains(&path_of), "{url}");
            }
        }
    }
    let mut keys = served.keys();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 16, "every key is another");
    // The same seed makes the same keys; another makes others.
    let again = |seed| Served::anywhere(&["botpit", "--seed", seed]).keys();
    assert_eq!(again("7")[..], served.keys()[..4]);
    assert_ne!(again("8")[..], served.keys()[..4]);
}

/// Where the names stand in a line of JSON, in their order.
fn names_in_order(line: &str, names: &[&str]) -> Vec<String> {
    let mut found: Vec<_> =
        names.iter().map(|name| (line.find(&format!("\"{name}\":")).unwrap(), (*name).to_owned())).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn one_platform_alone_is_the_line_of_it_alone() {
    for platform in ["botpit", "botornot", "botroulette", "kriegspiel"] {
        let served = Served::anywhere(&[platform]);
        let mut fields: Vec<_> = served.line.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, [platform, "status"]);
    }
}

#[test]
fn each_platform_has_its_own_port_counted_from_the_first() {
    // Five free ports in a row are found by trying.
    let served = (0..20).find_map(|_| {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let port = free.min(65_000).to_string();
        Served::try_start(&["all", "--port", &port]).map(|served| (served, free.min(65_000)))
    });
    let (served, port) = served.expect("five free ports");
    for (what, offset) in
        [("botpit", 0), ("botornot", 1), ("botroulette", 2), ("kriegspiel", 3), ("status", 4)]
    {
        assert_eq!(served.address(what), format!("127.0.0.1:{}", port + offset), "{what}");
    }
    // Who comes second is told which port it is.
    let second = run("sandbox", ["kriegspiel", "--port", &port.to_string()]);
    second.refused(1, &format!("127.0.0.1:{}", port + 3));
}

// ---- our own clients ------------------------------------------------------------------------------------------------

#[test]
fn the_starter_bots_play_there_by_address_and_key() {
    let served = Served::anywhere(&["all", "--speed", "60", "--seed", "7"]);
    let bot = |name: &str, platform: &str, variable: &str, options: &[&str]| {
        let options = [&["--json", "--url", served.text(platform, "rest")], options].concat();
        let mut command = program(name, options);
        command.env(variable, served.key(platform, 0));
        let lines = Run::ended(command.output().unwrap()).succeeded().json_lines();
        lines.last().unwrap()["summary"].clone()
    };
    let summary = bot("botpit-rps", "botpit", "BOTPIT_API_KEY", &["--matches", "2"]);
    assert_eq!(summary["matches"], 2);
    let summary = bot("botornot-chat", "botornot", "BOTORNOT_API_KEY", &["--matches", "1", "--speed", "60"]);
    assert_eq!(summary["matches"], 1, "{summary}");
    let summary = bot("botroulette-talk", "botroulette", "BOTROULETTE_API_KEY", &["--turns", "2"]);
    assert_eq!(summary["asked"], 2);
    let summary = bot("kriegspiel-heuristics", "kriegspiel", "KRIEGSPIEL_BOT_TOKEN", &["--games", "1"]);
    assert_eq!(summary["games"], 1, "{summary}");
    // What they did is on the page, by the names of the keys.
    let page = served.page_with("game_over");
    assert!(page.contains("agent-1") && page.contains("agent:player_1"), "{page}");
}

// ---- by hand: what a client in any other language sends ----------------------------------------------------------------

#[test]
fn botpit_is_played_by_hand() {
    let served = Served::anywhere(&["botpit", "--seed", "7"]);
    let mut socket = Socket::open(served.text("botpit", "ws"));
    play_rps(&mut socket, served.key("botpit", 0));
}

/// The frames of the book's example in Python.
fn play_rps(socket: &mut Socket, key: &str) {
    socket.say(&json!({"type": "authenticate", "api_key": key}));
    assert_eq!(socket.hear()["type"], "authenticated");
    socket.say(&json!({"type": "join_queue", "game_type": "rps", "wager_lamports": 10_000_000}));
    loop {
        let heard = socket.hear();
        match heard["type"].as_str().unwrap() {
            "your_turn" => {
                let mv = json!({"type": "make_move", "match_id": heard["match_id"], "move_data": {"choice": "rock"}});
                socket.say(&mv);
            }
            "game_over" => return,
            other => assert_ne!(other, "error", "{heard}"),
        }
    }
}

#[test]
fn the_example_in_the_book_sends_these_frames() {
    let book = std::fs::read_to_string(family_tests::programs::root().join("docs/src/sandbox.md")).unwrap();
    let example = book.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    for word in [
        "\"type\": \"authenticate\", \"api_key\": key",
        "\"type\": \"join_queue\", \"game_type\": \"rps\", \"wager_lamports\": 10_000_000",
        "\"type\": \"make_move\", \"match_id\": message[\"match_id\"], \"move_data\": {\"choice\": \"rock\"}",
        "\"your_turn\"",
        "\"game_over\"",
    ] {
        assert!(example.contains(word), "{word} is not in {example}");
    }
    assert!(example.lines().count() <= 20, "{example}");
}

#[test]
fn botornot_is_played_by_hand() {
    let served = Served::anywhere(&["botornot", "--seed", "7", "--speed", "60"]);
    let url = format!("{}?api_key={}", served.text("botornot", "ws"), served.key("botornot", 0));
    let mut socket = Socket::open(&url);
    const LOBBY: &str = "room:game:botornot:lobby";
    let mut id = 0;
    let mut say = |socket: &mut Socket, room: &Value, field: &str, what: &str, payload: Value| {
        id += 1;
        socket.say(&json!({"id": id.to_string(), "room": room, field: what, "payload": payload}));
    };
    let lobby = json!(LOBBY);
    say(&mut socket, &lobby, "event", "join", json!({}));
    socket.until("event", "joined");
    // The compliance check: the lobby names a room, where a token is to be said back.
    let room = socket.until("type", "room:sync")["payload"]["room"].clone();
    say(&mut socket, &room, "event", "join", json!({}));
    let challenge = socket.until("type", "chat:message");
    say(&mut socket, &room, "type", "chat:message", json!({"body": challenge["payload"]["probe_token"]}));
    say(&mut socket, &lobby, "type", "match:request", json!({}));
    let found = socket.until("type", "match:found")["payload"]["room"].clone();
    say(&mut socket, &found, "event", "join", json!({}));
    socket.until("type", "match:started");
    say(&mut socket, &found, "type", "chat:message", json!({"body": "you seem calm"}));
    say(&mut socket, &found, "type", "vote:cast", json!({"guess": "human"}));
    let reveal = socket.until("type", "match:reveal");
    assert!(reveal["payload"]["correct"].is_boolean(), "{reveal}");
    // A wrong token is refused at the upgrade.
    let refused = served.ask("botornot", "GET", "/ws?api_key=agt_nobody", &[], "");
    assert_eq!(refused.status, 401);
}

#[test]
fn botroulette_is_played_by_hand() {
    let served = Served::anywhere(&["botroulette", "--seed", "7", "--no-house"]);
    let mut tunnel = Socket::open(served.text("botroulette", "tunnel"));
    tunnel.say(&json!({"type": "auth", "api_key": served.key("botroulette", 0)}));
    let greeting = tunnel.hear();
    assert_eq!(greeting["type"], "auth_ok", "{greeting}");
    // The second agent calls the first; the first answers through its tunnel.
    std::thread::scope(|scope| {
        let called = scope.spawn(|| {
            let headers = [("X-API-Key", served.key("botroulette", 1)), ("Content-Type", "application/json")];
            served.ask("botroulette", "POST", "/api/proxy/agent-1", &headers, r#"{"message":"hello"}"#)
        });
        let request = tunnel.until("type", "request");
        assert!(request["body"].as_str().unwrap().contains("hello"), "{request}");
        tunnel.say(&json!({
            "type": "response", "id": request["id"], "status": 200,
            "headers": {"Content-Type": "application/json"}, "body": "{\"reply\":\"hi there\"}",
        }));
        let answer = called.join().unwrap();
        assert_eq!((answer.status, answer.json()["reply"].as_str()), (200, Some("hi there")));
    });
}

#[test]
fn kriegspiel_is_played_by_hand() {
    let served = Served::anywhere(&["kriegspiel", "--seed", "7", "--no-house"]);
    let of = |index: usize| format!("Bearer {}", served.key("kriegspiel", index));
    let call = |index: usize, method: &str, path: &str, body: &str| {
        let bearer = of(index);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        served.ask("kriegspiel", method, path, &headers, body)
    };
    let create = r#"{"rule_variant":"berkeley_any","play_as":"white","opponent_type":"human"}"#;
    let created = call(0, "POST", "/game/create", create);
    assert_eq!(created.status, 201, "{}", created.body);
    let code = created.json()["game_code"].as_str().unwrap().to_owned();
    let joined = call(1, "POST", &format!("/game/join/{code}"), "");
    assert_eq!(joined.status, 200, "{}", joined.body);
    let moved = call(0, "POST", &format!("/game/{code}/move"), r#"{"uci":"e2e4"}"#);
    assert_eq!(moved.json()["move_done"], true, "{}", moved.body);
    served.page_with(&code);
}

#[test]
fn a_gated_registration_takes_the_key_of_the_line_and_no_other() {
    let served = Served::anywhere(&["kriegspiel", "--registration", "gated"]);
    let body = r#"{"username":"newcomer","display_name":"Newcomer","owner_email":"a@b.example","supported_rule_variants":["wild16"]}"#;
    let register = |key: &str| {
        let headers = [("X-Bot-Registration-Key", key), ("Content-Type", "application/json")];
        served.ask("kriegspiel", "POST", "/auth/bots/register", &headers, body).status
    };
    assert_eq!(register("wrong"), 401);
    let key = served.text("kriegspiel", "registration_key").to_owned();
    assert_eq!(register(&key), 201);
    let page = served.page_with("/auth/bots/register");
    assert!(!page.contains(&key));
}

// ---- faults ---------------------------------------------------------------------------------------------------------

#[test]
fn faults_of_the_command_line_happen() {
    let served = Served::anywhere(&["all", "--faults", "botpit:faultRateLimited7,kriegspiel:unavailable"]);
    let stats = served.ask("botpit", "GET", "/api/v1/stats", &[], "");
    assert_eq!((stats.status, stats.header("retry-after")), (429, Some("7")));
    assert_eq!(served.ask("botpit", "GET", "/api/v1/stats", &[], "").status, 200);
    assert_eq!(served.ask("kriegspiel", "GET", "/health", &[], "").status, 503);
    assert_eq!(served.ask("kriegspiel", "GET", "/health", &[], "").status, 200);
    assert_ne!(served.ask("botornot", "GET", "/", &[], "").status, 429, "it was for others");
    // What cannot happen before somebody has come waits for the first connection.
    let served = Served::anywhere(&["botpit", "--faults", r#"{"fault":"close","code":4009}"#]);
    let mut socket = Socket::open(served.text("botpit", "ws"));
    let (kind, payload) = socket.frame().unwrap();
    assert_eq!((kind, &payload[..2]), (0x88, &4009_u16.to_be_bytes()[..]));
    // By chance, from the seed.
    let served = Served::anywhere(&["all", "--faults", "random", "--faults", "botornot:fin"]);
    assert_eq!(served.ask("botpit", "GET", "/__sandbox", &[], "").status, 200);
}

#[test]
fn a_fault_that_nobody_knows_is_refused_with_those_that_there_are() {
    let refused = run("sandbox", ["all", "--port", "0", "--faults", "gremlins"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    for name in ["gremlins", "refuseConnect", "dropTcp", "fragments", "random"] {
        assert!(refused.stderr.contains(name), "{name}: {}", refused.stderr);
    }
    // One that could never happen there.
    run("sandbox", ["kriegspiel", "--port", "0", "--faults", "tornFrame"])
        .refused(1, "none of the platforms");
}

#[test]
fn faults_ordered_on_the_page_happen() {
    let served = Served::anywhere(&["all"]);
    // At once, on the connection that is there.
    let mut socket = Socket::open(served.text("botpit", "ws"));
    served.page_with("not known yet");
    served.press("/botpit/fault", "fault=fin&when=now");
    assert_eq!(socket.frame(), None, "the connection ends without a close frame");
    let page = served.page_with("happened</b> fin");
    assert!(page.contains("BOTPIT: fin once now."), "{page}");
    // At a turn, for one agent alone: the other is left in peace.
    served.press("/botpit/fault", "fault=duplicate&when=turn&only=agent-1");
    served.page_with("duplicate once before your_turn is sent, only for agent-1");
    let turns = |index: usize| {
        let mut socket = Socket::open(served.text("botpit", "ws"));
        socket.say(&json!({"type": "authenticate", "api_key": served.key("botpit", index)}));
        socket.say(&json!({"type": "join_queue", "game_type": "rps", "wager_lamports": 10_000_000}));
        let first = socket.until("type", "your_turn");
        let mv = json!({"type": "make_move", "match_id": first["match_id"], "move_data": {"choice": "rock"}});
        socket.say(&mv);
        let next = socket.hear();
        (first, next)
    };
    let (first, next) = turns(1);
    assert_ne!(first, next);
    let (first, next) = turns(0);
    assert_eq!(first, next, "the turn came twice");
    // Where there are only requests.
    served.press("/kriegspiel/fault", "fault=html&when=now");
    assert!(served.ask("kriegspiel", "GET", "/health", &[], "").body.contains("<html>"));
    served.press("/botornot/fault", "fault=rateLimited&when=next");
    served.page_with("rateLimited once on the next connection");
    // Forgotten, and everything afresh.
    served.press("/botornot/clear", "");
    assert!(!served.page_with("pending orders are forgotten").contains("rateLimited once"));
    let mut socket = Socket::open(served.text("botpit", "ws"));
    served.page_with("not known yet");
    served.press("/botpit/reset", "");
    let (kind, payload) = socket.frame().unwrap();
    assert_eq!((kind, &payload[..2]), (0x88, &1012_u16.to_be_bytes()[..]));
    assert!(!served.page_with("BOTPIT: started afresh").contains("happened</b> fin"));
}

#[test]
fn the_page_says_what_cannot_be_ordered() {
    let served = Served::anywhere(&["all"]);
    for (path, form, words) in [
        ("/botpit/fault", "fault=gremlins", "there is no fault &quot;gremlins&quot;"),
        ("/botpit/fault", "", "there is no fault"),
        ("/botpit/fault", "fault=fin&when=never", "there is no moment"),
        ("/botpit/fault", "fault=unauthorized&when=turn", "comes before there are messages"),
        ("/kriegspiel/fault", "fault=tornFrame", "this platform has none"),
        ("/botornot/fault", "fault=html&only=%3Cscript%3E", "leave `only` out"),
    ] {
        served.press(path, form);
        let page = served.page_with(words);
        assert!(page.contains("said wrong") && !page.contains("<script>"), "{page}");
    }
    assert_eq!(served.ask("status", "POST", "/botpit/explode", &[], "").status, 404);
    assert_eq!(served.ask("status", "POST", "/nowhere/reset", &[], "").status, 404);
    assert_eq!(served.ask("status", "GET", "/botpit/reset", &[], "").status, 405);
    let alone = Served::anywhere(&["botpit"]);
    assert_eq!(alone.ask("status", "POST", "/kriegspiel/reset", &[], "").status, 404);
}

// ---- the page: nothing secret, nothing from elsewhere ------------------------------------------------------------------

#[test]
fn no_key_token_or_seed_phrase_is_ever_on_the_page() {
    let served = Served::anywhere(&["all", "--seed", "7"]);
    let mut secrets = served.keys();
    // BOTPIT: in a greeting, said by another agent before it was ever used, and in something that is no JSON.
    let mut socket = Socket::open(served.text("botpit", "ws"));
    socket.say(&json!({"type": "spectate_match", "match_id": served.key("botpit", 3), "seen": "m4rker-ws"}));
    socket.say(&json!({"type": "authenticate", "api_key": served.key("botpit", 0)}));
    socket.say_text("no json m4rked-plain-text");
    socket.say(
        &json!({"type": "authenticate", "api_key": "m4rked-wrong-key", "note": "m4rked-wrong-key again"}),
    );
    let phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    socket.say(&json!({"type": "x", "wallet": phrase, "private_key": [1, 2, 3], "keypair": "m4rked-pair"}));
    // BotOrNot: in the address. BotRoulette and Kriegspiel: in headers, cookies, bodies, bodies in bodies.
    let url = format!("{}?api_key={}", served.text("botornot", "ws"), served.key("botornot", 0));
    let _room = Socket::open(&url);
    for (name, value) in [
        ("Authorization", "Bearer m4rked-bearer"),
        ("X-API-Key", "m4rked-api-key"),
        ("Cookie", "session_id=m4rked-cookie"),
        ("X-Bot-Registration-Key", "m4rked-registration"),
    ] {
        let body = json!({
            "echo": value, "token": "m4rked-token", "inner": "{\"secret\":\"m4rked-inner\"}", "seen": "m4rker-http",
        });
        let path = "/auth/bots/register?api_key=m4rked-query&other=m4rked-query";
        let headers = [(name, value), ("Content-Type", "application/json")];
        served.ask("kriegspiel", "POST", path, &headers, &body.to_string());
        served.ask("botroulette", "POST", "/api/v1/agents/register", &headers, &body.to_string());
    }
    // A registration's answer holds a new key.
    let new = r#"{"username":"newcomer","display_name":"Newcomer","owner_email":"a@b.example","supported_rule_variants":["wild16"]}"#;
    let registered =
        served.ask("kriegspiel", "POST", "/auth/bots/register", &[("Content-Type", "application/json")], new);
    secrets.push(registered.json()["api_token"].as_str().unwrap().to_owned());
    secrets.extend(["m4rked".to_owned(), "sausage".to_owned()]);
    served.page_with("m4rker-ws");
    for path in ["/", "/status.json"] {
        let shown = served.ask("status", "GET", path, &[], "").body;
        assert!(shown.contains("m4rker-ws") && shown.contains("m4rker-http"), "{shown}");
        assert!(shown.contains("[redacted]"), "{shown}");
        for secret in &secrets {
            assert!(!shown.contains(secret.as_str()), "{secret} is on {path}: {shown}");
        }
    }
    let (_, stderr) = served.end("-INT");
    for secret in &secrets {
        assert!(!stderr.contains(secret.as_str()), "{secret} is on stderr");
    }
}

#[test]
fn the_page_is_for_this_machine_alone_and_takes_nothing_from_elsewhere() {
    let served = Served::anywhere(&["all"]);
    let own = served.address("status").to_owned();
    let port = own.rsplit_once(':').unwrap().1;
    let (by_name, origin) = (format!("localhost:{port}"), format!("http://{own}"));
    let asked = |method: &str, headers: &[(&str, &str)]| {
        let path = if method == "POST" { "/botpit/clear" } else { "/" };
        served.ask("status", method, path, headers, "").status
    };
    assert_eq!(asked("GET", &[("Host", &by_name)]), 200);
    assert_eq!(asked("POST", &[("Origin", &origin)]), 303);
    for method in ["GET", "POST"] {
        assert_eq!(asked(method, &[("Host", "evil.example")]), 403);
        assert_eq!(asked(method, &[("Host", "127.0.0.1.evil.example")]), 403);
        for origin in ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"] {
            assert_eq!(asked(method, &[("Origin", origin)]), 403, "{origin}");
        }
    }
    let page = served.ask("status", "GET", "/", &[], "");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    // With `no-referrer` a browser would send the page's own forms with `Origin: null`.
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    for attribute in ["src=\"", "href=\"", "action=\""] {
        for place in page.body.split(attribute).skip(1) {
            assert!(place.starts_with('/') && !place.starts_with("//") || place.starts_with('#'), "{place}");
        }
    }
    assert!(!page.body.contains(" style=") && !page.body.contains("onclick"), "{}", page.body);
    for path in ["/status.css", "/status.js", "/icon.svg"] {
        let file = served.ask("status", "GET", path, &[], "");
        assert_eq!(file.status, 200, "{path}");
        assert!(!file.body.contains("url(") && !file.body.contains("@import"), "{path}");
    }
    assert_eq!(
        served.ask("status", "GET", "/__sandbox", &[], "").status,
        404,
        "the page's port has no faults of its own"
    );
}

#[test]
fn the_page_tells_what_goes_on() {
    let served = Served::anywhere(&["botpit", "--seed", "7"]);
    let mut socket = Socket::open(served.text("botpit", "ws"));
    socket.say(&json!({"type": "authenticate", "api_key": served.key("botpit", 0)}));
    socket.say(&json!({"type": "join_queue", "game_type": "rps", "wager_lamports": 10_000_000}));
    let turn = socket.until("type", "your_turn");
    let page = served.page_with(turn["match_id"].as_str().unwrap());
    assert!(page.contains("agent-1 · "), "{page}");
    let told = served.ask("status", "GET", "/status.json", &[], "").json();
    let platform = &told["platforms"][0];
    assert_eq!(platform["name"], "botpit");
    assert_eq!(platform["peers"][0]["labels"][1], "agent-1");
    let progress = platform["progress"].as_array().unwrap();
    let mine = progress.iter().find(|one| one["id"] == turn["match_id"]).unwrap();
    assert_eq!(
        (mine["kind"].as_str(), mine["agents"][0] == "agent-1" || mine["agents"][1] == "agent-1"),
        (Some("match"), true)
    );
    let heads: Vec<_> =
        platform["recent"].as_array().unwrap().iter().map(|one| one["head"].as_str().unwrap()).collect();
    for head in
        ["your_turn", "join_queue", "authenticate", "GET /api/v1/ws (WebSocket)", "101 Switching Protocols"]
    {
        assert!(heads.contains(&head), "{head} is not in {heads:?}");
    }
    assert_eq!(told["platforms"].as_array().map(Vec::len), Some(1));
    assert_eq!(told.get("said"), None::<&Value>);
}

// ---- the end --------------------------------------------------------------------------------------------------------

#[test]
fn a_signal_ends_it_with_close_frames_and_exit_0_and_leaves_no_port() {
    for signal in ["-INT", "-TERM"] {
        let served = Served::anywhere(&["all"]);
        let addresses: Vec<String> = ["botpit", "botornot", "botroulette", "kriegspiel", "status"]
            .map(|what| served.address(what).to_owned())
            .to_vec();
        let token = format!("{}?api_key={}", served.text("botornot", "ws"), served.key("botornot", 0));
        let mut sockets = [
            Socket::open(served.text("botpit", "ws")),
            Socket::open(&token),
            Socket::open(served.text("botroulette", "tunnel")),
        ];
        served.page_with("agent:player_1");
        let (code, stderr) = served.end(signal);
        assert_eq!(code, Some(0), "{signal}: {stderr}");
        for socket in &mut sockets {
            let (kind, payload) = socket.frame().unwrap();
            assert_eq!((kind, &payload[..2]), (0x88, &1001_u16.to_be_bytes()[..]), "{signal}");
        }
        for address in addresses {
            assert!(TcpStream::connect(&address).is_err(), "{address} still listens");
        }
    }
}

#[test]
fn another_address_is_explicit_and_warns() {
    let served = Served::anywhere(&["botpit", "--bind", "0.0.0.0", "--host", "sandbox"]);
    assert!(served.address("botpit").starts_with("127.0.0.1:"), "what is told can be connected to");
    let port = served.address("botpit").rsplit_once(':').unwrap().1;
    let by_name = format!("sandbox:{port}");
    assert_eq!(served.ask("botpit", "GET", "/api/v1/stats", &[("Host", &by_name)], "").status, 200);
    assert_eq!(served.ask("botpit", "GET", "/api/v1/stats", &[("Host", "other")], "").status, 403);
    let (code, stderr) = served.end("-INT");
    assert_eq!(code, Some(0));
    assert!(stderr.contains("WARN") && stderr.contains("everybody who reaches it"), "{stderr}");
}
