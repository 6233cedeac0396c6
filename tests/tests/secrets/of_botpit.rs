//! A BOTPIT key is in no error and in no `{:?}` of anything public, whatever a server does with it. What the logs show, and the
//! other platforms, are in `in_logs.rs`.

use std::fmt::Debug;
use std::time::Duration;

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::model::{Authenticate, ClientMessage, GameType, Register, Registered, Verb};
use botpit_sdk::sandbox::Sandbox;
use botpit_sdk::wallet::{Wallet, verify};
use botpit_sdk::{Client, Event, EventHandler, Handle, Host, MoveData, Rest, Turn};
use family_tests::marks::Marks;
use sdk_core::backoff::{BackoffPolicy, Jitter};
use sdk_core::env::Env;
use sdk_core::error::{Error, codes};
use sdk_core::http::{Auth, Http};
use sdk_core::network::Network;
use sdk_core::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::echo::{self, KEY, Say};

/// Everything that could be shown of an error.
fn shown(error: &Error) -> String {
    let body = String::from_utf8_lossy(error.body().unwrap_or_default()).into_owned();
    let parts = [error.field(), error.platform_code_str(), error.request_id(), Some(error.message())];
    format!("{error} | {error:?} | {error:#?} | {} | {body} | {parts:?}", error.chain())
}

#[track_caller]
fn clean(what: &str, text: &str) {
    Marks::new().none_in(what, text);
}

#[track_caller]
fn clean_debug(what: &str, value: &impl Debug) {
    clean(what, &format!("{value:?} {value:#?}"));
}

fn client(url: &str) -> Client {
    let quick = BackoffPolicy::steps(vec![Duration::from_millis(10)]).with_jitter(Jitter::None);
    Client::builder(KEY).url(url).backoff(quick).seed(1).build().unwrap()
}

struct Nobody;

impl EventHandler for Nobody {
    async fn on_your_turn(&self, _: &Handle, _: Turn) -> botpit_sdk::Result<MoveData> {
        Ok(Choice::Rock.into())
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_public_shows_the_key_that_it_holds() {
    let sandbox = Sandbox::start().await.unwrap();
    let magic = format!("{KEY}faultUnknown");
    let builder = Client::builder(KEY).url(sandbox.url());
    clean_debug("builder", &builder);
    let client = Client::builder(&*magic).url(sandbox.url()).build().unwrap();
    clean_debug("client", &client);
    clean_debug("play", &client.play::<Rps, _>(|_: &_| Choice::Rock));
    let (handle, mut events) = client.connect().await.unwrap();
    clean_debug("handle", &handle);
    clean_debug("events", &events);
    clean_debug("state", &handle.state());
    handle.join_queue(GameType::Rps, "0.01 SOL".parse().unwrap()).await.unwrap();
    loop {
        let event = events.next().await.unwrap();
        clean_debug("event", &event);
        if let Event::YourTurn(turn) = event {
            handle.resign(&turn.match_id).await.unwrap();
        } else if let Event::GameOver(_) = event {
            break;
        }
    }
    handle.close().await.unwrap();
    while let Some(event) = events.next().await {
        clean_debug("event", &event);
    }

    clean_debug("boxed handler", &botpit_sdk::EventHandlerExt::boxed(Nobody));
    clean_debug("secret", &[Some(Secret::new(KEY))]);
    clean_debug("header", &Secret::new(KEY).header("Bearer ").unwrap());
    let message = ClientMessage::Authenticate(Authenticate::new(Secret::new(KEY)));
    clean_debug("authenticate", &message);
    clean_debug("decoded", &ClientMessage::decode(&message.to_text().unwrap()).unwrap());
    let registered = format!(r#"{{"agent_id":"a","name":"n","api_key":"{KEY}"}}"#);
    clean_debug("registered", &Registered::decode(registered.as_bytes()).unwrap());
    let auth = Auth::Header { name: "x-api-key".parse().unwrap(), key: Secret::new(KEY) };
    clean_debug("auth", &auth);
    let http = Http::builder(sandbox.url().clone()).auth(auth);
    clean_debug("http builder", &http);
    let http = http.build().unwrap();
    clean_debug("http", &http);
    clean_debug(
        "request",
        &http.get(&["x"]).query("token", KEY).secret_header("x-k".parse().unwrap(), &Secret::new(KEY)),
    );
    clean_debug("proxy", &Network::new().proxy(&format!("http://bot:{KEY}@proxy.example:1")).unwrap());
    clean_debug("shutdown", &sdk_core::shutdown::Shutdown::new());

    // The server's side of it, too: somebody prints a sandbox in a test.
    clean_debug("sandbox", &sandbox);
    clean_debug("server", sandbox.server());
    clean_debug("faults", sandbox.faults());
    clean_debug("matches", &sandbox.matches());
}

#[test]
fn settings_that_are_wrong_do_not_show_the_key() {
    for builder in [
        Client::builder(format!("{KEY} {KEY}")).host(Host::Local),
        Client::builder(format!("{KEY}\n")).host(Host::Local),
        Client::builder(KEY),
        Client::builder("k").url(KEY),
        Client::builder("k").url(format!("{KEY}:x")),
        Client::builder("k").url(format!("ws://{KEY}@localhost")),
        Client::builder("k").url(format!("ws://user:{KEY}@localhost")),
        Client::builder("k").url(format!("ws://192.0.2.1/ws?api_key={KEY}#{KEY}")),
        Client::builder("k").url(format!("ftp://localhost/?{KEY}")),
        Client::builder(KEY).host(Host::Local).max_message(0),
    ] {
        clean_debug("builder", &builder);
        clean("error", &shown(&builder.build().unwrap_err()));
    }
    for text in [
        format!("BOTPIT_API_KEY={KEY}"),
        format!("BOTPIT_API_KEY={KEY}\nBOTPIT_URL={KEY}"),
        format!("BOTPIT_API_KEY={KEY}\nBOTPIT_WS_URL=ws://{KEY}@h"),
        format!("BOTPIT_API_KEY=\"{KEY} x\"\nBOTPIT_WS_URL=ws://localhost"),
        format!("api_key={KEY}"),
    ] {
        let env = Env::from_text(&text);
        clean_debug("env", &env);
        let error = match Client::builder_from_env(&env) {
            Err(error) => error,
            Ok(builder) => builder.build().unwrap_err(),
        };
        clean("env error", &shown(&error));
    }
    let header = Secret::new(format!("{KEY}\r\nX: y")).header("").unwrap_err();
    clean("header", &shown(&header));
    clean("proxy", &shown(&Network::new().proxy(&format!("socks5://x:{KEY}@h")).unwrap_err()));
    let base = format!("http://127.0.0.1:1/?token={KEY}").parse().unwrap();
    clean("base", &shown(&Http::builder(base).build().unwrap_err()));
}

#[test]
fn messages_that_are_wrong_do_not_show_the_key() {
    for text in [
        format!(r#"{{"type":"authenticate","api_key":["{KEY}"]}}"#),
        format!(r#"{{"type":"authenticate","api_key":"{KEY}""#),
        format!(r#"{{"type":"authenticate","key":"{KEY}"}}"#),
        format!(r#"{{"typ":"authenticate","api_key":"{KEY}"}}"#),
    ] {
        clean("message", &shown(&ClientMessage::decode(&text).unwrap_err()));
    }
}

#[test]
fn a_wallets_secret_is_shown_nowhere() {
    let seed: [u8; 32] = std::array::from_fn(|at| 0xa0 + at as u8);
    let wallet = Wallet::from_seed(&seed);
    let signed = wallet.sign(Verb::Register, 1_709_500_000);
    let signature = signed.signature.clone();
    let mut texts = vec![
        format!("{wallet:?} {wallet:#?} {signed:?} {:?}", Some(wallet.clone())),
        format!("{:?}", Register::new("MyAgent", signed).unwrap()),
    ];
    let half = format!("{:?}", &seed[..]);
    for error in [
        Wallet::from_keypair_json(&half).unwrap_err(),
        Wallet::from_keypair_json(&half.replace("191", "999")).unwrap_err(),
        Wallet::from_keypair_json(&format!("{{\"seed\":{half}}}")).unwrap_err(),
        verify(wallet.address(), "BOTPIT:auth:x:1", &signature).unwrap_err(),
    ] {
        texts.push(shown(&error));
    }
    let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    for text in texts {
        for secret in ["160, 161", "160,161", &hex[..8], "\\xa0\\xa1", &signature[..12]] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_repeats_the_key_does_not_get_it_shown() {
    let script = echo::script();
    let (final_part, parts) = script.split_last().unwrap();
    for part in parts {
        let url = echo::start(vec![part.clone(), final_part.clone()]).await;
        let client = client(&url);
        let mut told = 0;
        match client.connect().await {
            Err(error) => clean("final", &shown(&error)),
            Ok((handle, mut events)) => {
                while let Some(event) = events.next().await {
                    told += 1;
                    clean_debug("event", &event);
                    match event {
                        Event::Disconnected { cause: error }
                        | Event::Reconnecting { cause: error, .. }
                        | Event::Error(error)
                        | Event::DecodeError(error)
                        | Event::Closed { reason: Some(error) } => clean("event's error", &shown(&error)),
                        Event::Unknown(message) => {
                            clean("unknown", &format!("{} {}", message.message_type, message.text.as_str()));
                            // What was about the key is gone; the rest is as it came.
                            assert!(message.text.as_str().starts_with(r#"{"type":"#), "{message:?}");
                        }
                        _ => {}
                    }
                }
                assert!(told >= part.len(), "{told} events of {} messages", part.len());
                handle.closed().await;
            }
        }
        clean("run", &shown(&client.run(Nobody).await.unwrap_err()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_is_not_sent_through_the_library_that_logs_what_it_sends() {
    let sandbox = Sandbox::start().await.unwrap();
    let key = sandbox.register("MyAgent").unwrap();
    let client = Client::builder(key.clone()).url(sandbox.url()).build().unwrap();
    let (handle, _events) = client.connect().await.unwrap();
    let again = ClientMessage::Authenticate(Authenticate::new(key.clone()));
    let text = again.to_text().unwrap();
    let refused = [handle.send(again).await.unwrap_err(), handle.send_raw(text).await.unwrap_err()];
    for error in refused {
        assert_eq!((error.code(), error.field()), (&codes::INVALID_ARGUMENT, Some("message")));
        assert!(!shown(&error).contains(key.expose()), "{error:?}");
    }
    handle.send_raw(r#"{"type":"ping"}"#).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refused_upgrade_that_repeats_the_key_does_not_get_it_shown() {
    for status in [302, 307, 401, 403, 404, 429, 500, 503] {
        let headers = format!(
            "Location: /moved/{KEY}?k={KEY}\r\nWWW-Authenticate: {KEY}\r\nX-Request-Id: {KEY}\r\nRetry-After: {KEY}"
        );
        let url =
            answering(status, &headers, &format!(r#"{{"error":{{"code":"{KEY}","message":"{KEY}"}}}}"#))
                .await;
        let once = BackoffPolicy::steps(vec![Duration::from_millis(10)]).with_max_attempts(Some(1));
        let client = Client::builder(KEY).url(&url).backoff(once).build().unwrap();
        let error = client.connect().await.unwrap_err();
        assert!(error.chain().contains(&format!("HTTP {status}")), "{}", error.chain());
        clean("upgrade", &shown(&error));
    }
}

#[tokio::test(start_paused = true)]
async fn a_registration_whose_answer_cannot_be_read_does_not_show_the_new_key() {
    let whole = format!(r#"{{"agent_id":"a","name":"n","api_key":"{KEY}"}}"#);
    let json = "Content-Type: application/json";
    let broken = format!(r#"{{"agent_id":7.5,"name":"n","api_key":"{KEY}"}}"#);
    for (status, headers, body) in [
        (201, json, &*broken),
        (201, json, &whole[..whole.len() - 1]),
        (201, json, &format!(r#"{{"agent":{whole}}}"#)),
        (201, json, &format!("{whole}{whole}")),
        (201, json, &format!(r#"{{"{KEY}":tru}}"#)),
        (201, json, &format!(r#"{{"agent_id":"a","{KEY}":[{{"{KEY}":"#)),
        (201, "Content-Type: text/plain", &whole),
        (202, json, KEY),
        (500, json, &whole),
        (502, "Content-Type: text/plain", &whole),
        (502, "Content-Type: text/html", &format!("<p>{whole}")),
        (302, &format!("Location: https://elsewhere.invalid/?api_key={KEY}"), ""),
    ] {
        let url = answering(status, headers, body).await.replace("ws://", "http://");
        let rest = Rest::new(&url).unwrap();
        clean_debug("rest", &rest);
        match rest.register("MyAgent", &Wallet::generate().unwrap()).await {
            Ok(registered) => clean_debug("registered", &registered),
            Err(error) => clean("registration", &format!("{error} {error:?} {}", error.chain())),
        }
    }
}

/// A server that answers every request so. Gives its address.
async fn answering(status: u16, headers: &str, body: &str) -> String {
    let answer = format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n\r\n{body}",
        body.len()
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                stream.set_nodelay(true).unwrap();
                let mut request = Vec::new();
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    if stream.read_buf(&mut request).await.unwrap() == 0 {
                        return;
                    }
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
            });
        }
    });
    url
}

#[tokio::test(start_paused = true)]
async fn what_an_opponent_calls_itself_cannot_steer_a_terminal() {
    // `\u001b[2J` clears a screen, `\u009b` begins a sequence as well, `\u202e` turns the text around.
    const NAME: &str = r"\u001b[2J\u009b31mRocky\u202e\r\nERROR all is lost";
    let text = |text: &str| Say::Text(text.replace("NAME", NAME));
    let url = echo::start(vec![vec![
        text(r#"{"type":"authenticated","agent_id":"me","agent_name":"NAME"}"#),
        text(r#"{"type":"match_found","match_id":"m-NAME","game_type":"rps","opponent_id":"o","opponent_name":"NAME","wager_lamports":10000000,"server_seed_hash":"NAME"}"#),
        text(r#"{"type":"game_start","match_id":"m-NAME","your_side":"a"}"#),
        text(r#"{"type":"round_result","match_id":"m-NAME","round":1,"result":{"round":1,"round_winner":"NAME","NAME":1},"score":[1,0]}"#),
        text(r#"{"type":"round_result","match_id":"m-NAME","round":2,"result":"NAME","score":[1,0]}"#),
        text(r#"{"type":"game_over","match_id":"m-NAME","winner":"me","final_score":[2,0],"server_seed":"NAME"}"#),
        Say::Close(1000, "\u{1b}[2J".into()),
    ]])
    .await;
    let (told, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let play = client(&url)
        .play::<Rps, _>(|_: &_| Choice::Rock)
        .wager("0.01 SOL".parse().unwrap())
        .matches(1)
        .on_match(move |report| told.send((report.to_string(), format!("{report:?}"))).unwrap());
    let _ = play.run().await;
    let (words, debug) = reports.recv().await.unwrap();
    assert!(words.contains("Rocky") && words.lines().count() >= 3, "{words:?}");
    for line in words.lines().chain([&*debug]) {
        assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sandbox_lets_nobody_else_in() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    assert!(sandbox.server().addr().ip().is_loopback());
    // A page that somebody visits, by a name that leads here, or from another origin.
    for (header, value) in [("Host", "evil.example"), ("Origin", "http://evil.example"), ("Origin", "null")] {
        for path in ["/api/v1/ws", "/api/v1/agents", "/api/v1/stats", "/__sandbox"] {
            let host = if header == "Host" {
                String::new()
            } else {
                format!("Host: {}\r\n", sandbox.server().addr())
            };
            let request =
                format!("GET {path} HTTP/1.1\r\n{host}{header}: {value}\r\nConnection: close\r\n\r\n");
            let mut stream = tokio::net::TcpStream::connect(sandbox.server().addr()).await.unwrap();
            stream.set_nodelay(true).unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 403 "), "{header}: {value} {path}: {answer}");
        }
    }
}
