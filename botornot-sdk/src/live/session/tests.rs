//! The session played through without a socket.

use std::pin::Pin;
use std::task::{self, Poll, Waker};
use std::time::Duration;

use sdk_core::clock::Clock;
use sdk_core::correlation::RequestId;
use sdk_core::error::{Error, ErrorKind, Result, Sent, codes};
use sdk_core::secret::Secret;
use sdk_core::socket::{Protocol, Rehearsal, Verdict};
use serde_json::{Value, json};

use super::{Command, Session, Timings};
use crate::live::{Calls, Event};
use crate::model::{ClientMessage, Guess, Reason, Reply, ReplyStatus, Room, ServerEvent};
use crate::state::{Machine, Notice, Phase, SayId, SayOutcome, Settings, WhyVote, Wish};

const LOBBY: &str = "room:game:botornot:lobby";
const MATCH: &str = "room:game:botornot:abc123";
const TOKEN: &str = "agt_s3cr3t_t0ken";

type Waiter = Pin<Box<dyn Future<Output = Result<Reply>>>>;

struct Stage {
    stage: Rehearsal<Session>,
    calls: Calls,
}

impl Stage {
    fn new(machine: Option<Machine>) -> Self {
        let calls = Calls::new();
        let url = "ws://127.0.0.1/ws".parse().unwrap();
        let timings = Timings { answer: Duration::from_secs(10) };
        let mut session = Session::new(url, TOKEN.into(), timings, calls.clone());
        if let Some(machine) = machine {
            session = session.with_machine(machine);
        }
        Self { stage: Rehearsal::new(session), calls }
    }

    /// Connected, in the lobby, with nothing left to look at.
    fn connected() -> Self {
        let mut stage = Self::new(None);
        stage.lobby();
        stage.stage.events();
        stage
    }

    fn lobby(&mut self) {
        self.stage.connect().unwrap();
        let join = self.written_to(LOBBY);
        self.answer(&join, "joined", json!({}));
        assert!(self.stage.is_ready());
    }

    fn written(&mut self) -> Vec<Value> {
        self.stage.written().iter().map(|text| serde_json::from_str(text.as_str()).unwrap()).collect()
    }

    /// The only frame that was written, for a room.
    fn written_to(&mut self, room: &str) -> Value {
        let written = self.written();
        assert_eq!(written.len(), 1, "{written:?}");
        assert_eq!(written[0]["room"], room);
        written[0].clone()
    }

    fn answer(&mut self, request: &Value, event: &str, payload: Value) {
        let frame =
            json!({ "id": request["id"], "room": request["room"], "event": event, "payload": payload });
        self.stage.hear(frame.to_string());
    }

    fn refuse(&mut self, request: &Value, reason: &str) {
        self.answer(request, "error", json!({ "reason": reason }));
    }

    fn pushed(&mut self, room: &str, event_type: &str, payload: Value) {
        self.stage.hear(json!({ "room": room, "type": event_type, "payload": payload }).to_string());
    }

    fn call(&mut self, command: impl FnOnce(RequestId) -> Command) -> Waiter {
        let call = self.calls.call("request").unwrap();
        self.stage.command(command(call.id()));
        Box::pin(async move { call.wait(&Clock::paused(), Duration::from_secs(10)).await })
    }

    fn join(&mut self, room: &str) -> Waiter {
        self.call(|id| Command::Join { id, room: room.into() })
    }

    fn say(&mut self, room: &str, body: &str) -> Waiter {
        self.call(|id| Command::Push {
            id,
            room: room.into(),
            message: ClientMessage::Chat { body: body.into() },
        })
    }

    fn notices(&mut self) -> Vec<Notice> {
        let notice = |event| match event {
            Event::Notice(notice) => Some(notice),
            _ => None,
        };
        self.stage.events().into_iter().filter_map(notice).collect()
    }
}

fn answer(waiter: &mut Waiter) -> Option<Result<Reply>> {
    match waiter.as_mut().poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

fn lost() -> Error {
    Error::new(&codes::CONNECTION_LOST, "the connection broke")
}

#[tokio::test(start_paused = true)]
async fn the_lobby_is_joined_first_and_only_that_is_health() {
    let mut stage = Stage::new(None);
    let dial = stage.stage.connect().unwrap();
    assert_eq!(dial.url.query(), Some("api_key=agt_s3cr3t_t0ken"));
    assert!(!format!("{dial:?}").contains("s3cr3t"));
    assert!(!stage.stage.is_ready());
    let written = stage.stage.written();
    assert_eq!(
        written,
        [r#"{"id":"1","room":"room:game:botornot:lobby","event":"join","payload":{}}"#.into()]
    );
    stage.pushed(LOBBY, "meta:state", json!({}));
    assert!(!stage.stage.is_ready(), "a snapshot is no confirmation");
    stage.stage.hear(r#"{"id":"1","room":"room:game:botornot:lobby","event":"joined","payload":{}}"#);
    assert!(stage.stage.is_ready());
    let connected = stage.stage.events().iter().filter(|event| matches!(event, Event::Connected(_))).count();
    stage.stage.hear(r#"{"id":"1","room":"room:game:botornot:lobby","event":"joined","payload":{}}"#);
    assert_eq!((connected, stage.stage.events().len()), (1, 0), "a repeated confirmation is no news");
}

#[tokio::test(start_paused = true)]
async fn replies_reach_who_asked_whatever_their_order() {
    let mut stage = Stage::connected();
    let mut joining = stage.join(MATCH);
    let join = stage.written_to(MATCH);
    stage.answer(&join, "joined", json!({}));
    assert!(answer(&mut joining).unwrap().is_ok());
    let (mut first, mut second) = (stage.say(MATCH, "one"), stage.say(MATCH, "two"));
    let written = stage.written();
    assert_ne!(written[0]["id"], written[1]["id"]);
    stage.refuse(&written[1], ":rate_limited");
    assert!(answer(&mut first).is_none());
    stage.answer(&written[0], "reply", json!({ "status": "ok" }));
    stage.answer(&written[0], "reply", json!({ "status": "queued" }));
    assert_eq!(answer(&mut first).unwrap().unwrap().status, Some(ReplyStatus::Ok));
    let refused = answer(&mut second).unwrap().unwrap_err();
    assert_eq!((refused.kind(), refused.sent()), (ErrorKind::RateLimited, Sent::Yes));
    assert_eq!(refused.platform_code::<Reason>(), Some(Reason::RateLimited));
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(1)));
    assert_eq!((stage.calls.len(), stage.calls.stale()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_join_is_idempotent_and_shared_while_it_is_under_way() {
    let mut stage = Stage::connected();
    let mut waiting = [stage.join(MATCH), stage.join(MATCH), stage.join(MATCH)];
    let join = stage.written_to(MATCH);
    stage.answer(&join, "joined", json!({}));
    assert!(waiting.iter_mut().all(|waiter| answer(waiter).unwrap().is_ok()));
    let mut again = stage.join(MATCH);
    assert!(answer(&mut again).unwrap().is_ok());
    assert!(stage.written().is_empty(), "it was joined already");
}

#[tokio::test(start_paused = true)]
async fn weakness_5_already_tracked_counts_as_joined_is_retried_or_is_an_error() {
    for reason in ["already_tracked", ":already_tracked", "{:already_tracked, \"room:game:botornot:abc123\"}"]
    {
        let mut stage = Stage::connected();
        let mut joining = stage.join(MATCH);
        let join = stage.written_to(MATCH);
        stage.refuse(&join, reason);
        assert!(answer(&mut joining).unwrap().is_ok(), "{reason}");
        let _said = stage.say(MATCH, "hi");
        assert_eq!(stage.written_to(MATCH)["type"], "chat:message");
    }

    let mut stage = Stage::connected();
    let mut joining = stage.join(MATCH);
    let join = stage.written_to(MATCH);
    stage.refuse(&join, "{:already_tracked, \"room:game:botornot:lobby\"}");
    assert!(answer(&mut joining).is_none() && stage.written().is_empty());
    stage.stage.pass(Duration::from_secs(1)).await;
    let join = stage.written_to(MATCH);
    stage.answer(&join, "joined", json!({}));
    assert!(answer(&mut joining).unwrap().is_ok());

    let mut stage = Stage::connected();
    let mut joining = stage.join(MATCH);
    let join = stage.written_to(MATCH);
    stage.refuse(&join, "{:already_tracked, \"room:game:botornot:other\"}");
    let error = answer(&mut joining).unwrap().unwrap_err();
    assert_eq!(error.platform_code::<Reason>(), Some(Reason::AlreadyTracked));
}

#[tokio::test(start_paused = true)]
async fn a_tracked_lobby_is_retried_and_in_the_end_believed() {
    let mut stage = Stage::new(None);
    stage.stage.connect().unwrap();
    for _ in 0..3 {
        let join = stage.written_to(LOBBY);
        stage.refuse(&join, "already_tracked");
        assert!(!stage.stage.is_ready());
        stage.stage.pass(Duration::from_secs(1)).await;
    }
    let join = stage.written_to(LOBBY);
    stage.refuse(&join, "already_tracked");
    assert!(stage.stage.is_ready());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_into_a_room_that_is_not_joined() {
    let mut stage = Stage::connected();
    let mut said = stage.say(MATCH, "hi");
    let error = answer(&mut said).unwrap().unwrap_err();
    assert_eq!((error.kind(), error.field(), error.sent()), (ErrorKind::Misuse, Some("room"), Sent::No));
    assert!(stage.written().is_empty());

    let mut stage = Stage::new(None);
    let mut said = stage.say(LOBBY, "hi");
    assert_eq!(answer(&mut said).unwrap().unwrap_err().code(), &codes::NOT_CONNECTED);
    let mut joining = stage.join(MATCH);
    assert_eq!(answer(&mut joining).unwrap().unwrap_err().code(), &codes::NOT_CONNECTED);
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_fails_what_waits_and_joins_what_was_wanted() {
    let mut stage = Stage::connected();
    let direct = "room:agent:direct:agent:sniper";
    let mut joining = stage.join(direct);
    let join = stage.written_to(direct);
    stage.answer(&join, "joined", json!({}));
    assert!(answer(&mut joining).unwrap().is_ok());
    let mut said = stage.say(direct, "sanity check ping");
    stage.written();
    assert_eq!(stage.stage.lose(lost()), Verdict::RETRY);
    let error = answer(&mut said).unwrap().unwrap_err();
    assert_eq!((error.code(), error.sent()), (&codes::CONNECTION_LOST, Sent::Maybe));

    stage.lobby();
    let join = stage.written_to(direct);
    assert!(
        stage
            .stage
            .events()
            .iter()
            .any(|event| matches!(event, Event::Connected(connected) if connected.is_reconnect))
    );
    stage.refuse(&join, ":forbidden");
    let events = stage.stage.events();
    assert!(
        matches!(&events[..], [Event::RoomLost { room, cause }] if room.as_str() == direct
            && cause.platform_code::<Reason>() == Some(Reason::Forbidden)),
        "{events:?}"
    );
    stage.stage.lose(lost());
    stage.lobby();
    assert!(stage.written().is_empty(), "what cannot be joined is not tried for ever");
}

#[tokio::test(start_paused = true)]
async fn weakness_21_a_direct_room_takes_and_gives_messages_with_who_said_them() {
    let mut stage = Stage::connected();
    let room = Room::direct("agent:sniper").unwrap();
    let mut joining = stage.join(room.as_str());
    let join = stage.written_to(room.as_str());
    stage.answer(&join, "joined", json!({}));
    assert!(answer(&mut joining).unwrap().is_ok());
    let mut said = stage.say(room.as_str(), "sanity check ping");
    let frame = stage.written_to(room.as_str());
    assert_eq!(frame["payload"], json!({ "body": "sanity check ping" }));
    stage.answer(&frame, "reply", json!({ "status": "ok" }));
    assert!(answer(&mut said).unwrap().unwrap().is_ok());
    stage.stage.events();
    stage.pushed(
        room.as_str(),
        "chat:message",
        json!({ "body": "hello", "sender_handle": "owner_1234", "sender_kind": "human", "sender_role": "user", "mode": "direct" }),
    );
    let events = stage.stage.events();
    let [Event::Push(push)] = &events[..] else { panic!("{events:?}") };
    let ServerEvent::Chat(chat) = &push.event else { panic!("{push:?}") };
    assert_eq!((chat.sender_handle.as_deref(), chat.mode.as_deref()), (Some("owner_1234"), Some("direct")));
}

#[tokio::test(start_paused = true)]
async fn another_token_is_dialled_with_at_once() {
    let mut stage = Stage::connected();
    stage.stage.command(Command::ReplaceToken("agt_another_t0ken".into()));
    assert!(matches!(&stage.stage.events()[..], [Event::Disconnected { .. }]));
    let dial = stage.stage.connect().unwrap();
    assert_eq!(dial.url.query(), Some("api_key=agt_another_t0ken"));
    assert_eq!(dial.secrets.first().map(Secret::expose), Some("agt_another_t0ken"));
}

#[tokio::test(start_paused = true)]
async fn the_token_is_in_no_event_and_no_frame() {
    let mut stage = Stage::connected();
    stage.stage.hear(json!({ "event": "motd", "text": format!("your key is {TOKEN}") }).to_string());
    stage.pushed(LOBBY, "meta:state", json!({ "last_reason": TOKEN }));
    stage.pushed(LOBBY, "room:sync", json!({ "room": [TOKEN] }));
    stage.stage.hear(format!("not json {TOKEN}"));
    stage.stage.hear(json!({ "event": "error", "payload": { "reason": TOKEN } }).to_string());
    let events = stage.stage.events();
    assert_eq!(events.len(), 5);
    assert!(!format!("{events:?}").contains("s3cr3t"), "{events:?}");
    let mut said = stage.say(LOBBY, TOKEN);
    assert_eq!(answer(&mut said).unwrap().unwrap_err().field(), Some("payload"));
    assert!(stage.written().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_in_good_order_is_dialled_again_and_a_refused_token_is_not() {
    let mut stage = Stage::connected();
    let goodbye = Error::new(&codes::CLOSED_BY_SERVER, "bye").with_close_code(1000);
    assert_eq!(stage.stage.lose(goodbye), Verdict::RETRY);
    stage.lobby();
    let refused = Error::new(&codes::AUTH_REJECTED, "no").with_status(401);
    assert_eq!(stage.stage.lose(refused), Verdict::Fatal);
    assert!(stage.stage.outcome().unwrap().as_ref().unwrap_err().is_auth());
}

#[tokio::test(start_paused = true)]
async fn typing_waits_for_nothing_and_a_refusal_of_it_is_told() {
    let mut stage = Stage::connected();
    let message = ClientMessage::Typing { typing: true };
    stage.stage.command(Command::Cast { room: LOBBY.into(), message });
    let frame = stage.written_to(LOBBY);
    stage.refuse(&frame, "unsupported_event");
    let events = stage.stage.events();
    assert!(
        matches!(&events[..], [Event::Refused(error)] if error.platform_code::<Reason>() == Some(Reason::UnsupportedEvent)),
        "{events:?}"
    );
    assert_eq!(stage.stage.protocol().next_deadline(), None);
}

#[tokio::test(start_paused = true)]
async fn a_machine_on_the_session_plays_a_match_from_the_lobby_to_the_next_request() {
    let mut stage = Stage::new(Some(Machine::new(Settings::default())));
    stage.stage.connect().unwrap();
    let join = stage.written_to(LOBBY); // once, although the machine asks for it too
    stage.answer(&join, "joined", json!({}));
    let request = stage.written_to(LOBBY);
    assert_eq!(request["type"], "match:request");
    stage.answer(&request, "reply", json!({ "status": "queued" }));
    stage.pushed(LOBBY, "match:found", json!({ "room": MATCH, "match_id": "abc123" }));
    let join = stage.written_to(MATCH);
    assert_eq!(join["event"], "join");
    stage.answer(&join, "joined", json!({}));
    stage.pushed(MATCH, "match:started", json!({ "duration_sec": 240 }));
    stage.pushed(MATCH, "chat:message", json!({ "from": "opponent", "body": "hey" }));
    let say = SayId(7);
    let wish = Wish::Say { match_id: "abc123".into(), say, body: "hey you".into() };
    stage.stage.command(Command::Wish(wish));
    let frame = stage.written_to(MATCH);
    assert_eq!(frame["payload"], json!({ "body": "hey you" }));
    stage.answer(&frame, "reply", json!({ "status": "ok" }));
    stage.pushed(
        MATCH,
        "vote:phase",
        json!({ "chat_locked": false, "voted_by": "opponent", "must_vote": true }),
    );
    let notices = stage.notices();
    assert!(
        notices.iter().any(
            |notice| matches!(notice, Notice::Chat { own: false, message, .. } if message.body == "hey")
        )
    );
    assert!(
        notices.iter().any(|notice| matches!(notice, Notice::Said { outcome: SayOutcome::Delivered, .. }))
    );
    assert!(notices.iter().any(|notice| matches!(notice, Notice::VoteWanted { why: WhyVote::MustVote, .. })));
    stage.stage.command(Command::Wish(Wish::Vote { match_id: "abc123".into(), guess: Guess::Agent }));
    let vote = stage.written_to(MATCH);
    assert_eq!(vote["payload"], json!({ "guess": "agent" }));
    stage.answer(&vote, "reply", json!({ "status": "ok" }));
    stage.pushed(MATCH, "match:reveal", json!({ "opponent_kind": "agent", "correct": true }));
    stage.pushed(MATCH, "match:ended", json!({}));
    let request = stage.written_to(LOBBY);
    assert_eq!(request["type"], "match:request");
    let phases: Vec<Phase> = stage
        .notices()
        .into_iter()
        .filter_map(|notice| match notice {
            Notice::Phase(phase) => Some(phase),
            _ => None,
        })
        .collect();
    assert_eq!(phases, [Phase::Ended, Phase::LobbyJoined]);
}

#[tokio::test(start_paused = true)]
async fn a_machine_whose_room_is_lost_joins_it_again() {
    let mut stage = Stage::new(Some(Machine::new(Settings::default())));
    stage.lobby();
    stage.written();
    stage.pushed(LOBBY, "match:found", json!({ "room": MATCH, "match_id": "abc123" }));
    let join = stage.written_to(MATCH);
    stage.answer(&join, "joined", json!({}));
    stage.pushed(MATCH, "match:started", json!({}));
    let say = SayId(1);
    stage.stage.command(Command::Wish(Wish::Say { match_id: "abc123".into(), say, body: "x".into() }));
    let frame = stage.written_to(MATCH);
    stage.refuse(&frame, ":not_joined");
    assert_eq!(stage.written_to(MATCH)["event"], "join");
    let outcome = SayOutcome::Refused(Reason::NotJoined);
    assert!(stage.notices().contains(&Notice::Said { match_id: "abc123".into(), say, outcome }));
}

#[tokio::test(start_paused = true)]
async fn what_a_machine_says_for_a_bot_never_holds_the_token() {
    let mut stage = Stage::new(Some(Machine::new(Settings::default())));
    stage.lobby();
    stage.written();
    stage.pushed(LOBBY, "match:found", json!({ "room": MATCH, "match_id": "abc123" }));
    let join = stage.written_to(MATCH);
    stage.answer(&join, "joined", json!({}));
    stage.pushed(MATCH, "match:started", json!({}));
    let (match_id, say) = ("abc123".into(), SayId(1));
    let body = format!("my token is {TOKEN}");
    stage.stage.command(Command::Wish(Wish::Say { match_id, say, body }));
    assert!(stage.written().is_empty());
    let told = stage.notices();
    assert!(
        told.iter().any(|notice| matches!(notice, Notice::Said { outcome: SayOutcome::NotSent(_), .. })),
        "{told:?}"
    );
}
