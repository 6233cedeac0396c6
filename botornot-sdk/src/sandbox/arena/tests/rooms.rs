//! Rooms, direct rooms, connections, and what is no request.

use super::super::close;
use super::*;
use crate::sandbox::settings::{Connections, MalformedFrames, Rejoin};

#[tokio::test(start_paused = true)]
async fn the_lobby_begins_with_snapshots() {
    let mut table = Table::new(Settings { compliance: Compliance::AtJoin, ..quiet() });
    let alpha = table.identity("alpha");
    let session = table.connect(&alpha);
    table.text(session, r#"{"event":"ping"}"#);
    table.text(session, r#"{"id":"1","room":"room:game:botornot:lobby","event":"join","payload":{}}"#);
    let heard = table.texts(session);
    let stamp = r#""meta":{"user_id":42,"timestamp":"2026-03-03T00:00:00Z"}}"#;
    assert_eq!(
        heard[..4],
        [
            r#"{"event":"pong"}"#.to_owned(),
            r#"{"id":"1","room":"room:game:botornot:lobby","event":"joined","payload":{}}"#.to_owned(),
            format!(
                r#"{{"room":"room:game:botornot:lobby","type":"meta:state","payload":{{"seal_integrity":100,"breach_count":0,"last_reason":null}},{stamp}"#
            ),
            format!(
                r#"{{"room":"room:game:botornot:lobby","type":"leaderboard:state","payload":{{"top":[]}},{stamp}"#
            ),
        ]
    );
    let sync: Value = serde_json::from_str(&heard[4]).unwrap();
    let room = sync["payload"]["room"].as_str().unwrap();
    assert_eq!(
        heard[4],
        format!(
            r#"{{"room":"room:game:botornot:lobby","type":"room:sync","payload":{{"room":"{room}"}},{stamp}"#
        )
    );
    assert_eq!(room.len(), "room:session:AbCd1234QwEr".len());
    assert_eq!(heard.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_or_not_allowed_is_refused() {
    let mut table = Table::new(quiet());
    let ([_, _], room) = table.seated();
    let alpha = table.identity("gamma");
    let stranger = table.connect(&alpha);
    assert_eq!(table.refusal(stranger, LOBBY, "match:request", json!({})), ":not_joined");
    table.join(stranger, LOBBY);
    for topic in
        ["", "lobby", "room:", "room:game:botornot:", "room:session:", "room:agent:direct:", "room:chess:1"]
    {
        assert_eq!(table.join_refusal(stranger, topic), "invalid_room", "{topic}");
        assert_eq!(table.refusal(stranger, topic, "chat:message", json!({})), "invalid_room", "{topic}");
    }
    assert_eq!(table.join_refusal(stranger, "room:game:botornot:nothing"), ":not_found");
    assert_eq!(table.join_refusal(stranger, &room), ":not_in_match");
    assert_eq!(table.refusal(stranger, &room, "vote:cast", json!({ "guess": "human" })), ":not_in_match");
    assert_eq!(
        table.refusal(stranger, "room:game:botornot:nothing", "chat:message", json!({})),
        ":not_found"
    );
    assert_eq!(table.join_refusal(stranger, "room:session:AbCd1234QwEr"), ":forbidden");
    assert_eq!(
        table.refusal(stranger, "room:session:AbCd1234QwEr", "chat:message", json!({})),
        ":not_joined"
    );
    for (topic, event_type) in [
        (LOBBY, "chat:message"),
        (LOBBY, "shout"),
        (room.as_str(), "match:request"),
        ("room:session:AbCd1234QwEr", "vote:cast"),
        ("room:agent:direct:agent:gamma", "chat:typing"),
    ] {
        assert_eq!(table.refusal(stranger, topic, event_type, json!({})), "unsupported_event", "{topic}");
    }
    table.text(stranger, &json!({ "id": "l", "room": LOBBY, "event": "leave" }).to_string());
    assert_eq!(table.heard(stranger)[0]["payload"]["reason"], "unsupported_event");
    table.text(
        stranger,
        &json!({ "id": "p", "room": LOBBY, "type": "match:request", "payload": [] }).to_string(),
    );
    assert_eq!(table.heard(stranger)[0]["payload"]["reason"], "invalid_envelope");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_request_is_ignored_or_answered() {
    let mut table = Table::new(quiet());
    let session = table.agent("alpha");
    for text in ["", "{", "[]", "{}", r#"["1","2","lobby","phx_join",{}]"#, r#"{"id":"1"}"#] {
        table.text(session, text);
    }
    table.arena.on_malformed(session);
    table.collect();
    assert!(table.raw(session).is_empty());
    let mut table = Table::new(Settings { malformed: MalformedFrames::Answered, ..quiet() });
    let session = table.agent("alpha");
    table.text(session, "{");
    assert_eq!(table.texts(session), [r#"{"event":"error","payload":{"reason":"invalid_envelope"}}"#]);
}

#[tokio::test(start_paused = true)]
async fn a_room_joined_twice() {
    let mut table = Table::new(quiet());
    let ([x, _], room) = table.seated();
    table.join(x, &room);
    assert_eq!(types(&table.heard(x)), ["joined"], "and it does not start again");
    for (rejoin, expected) in [
        (Rejoin::TrackedAtom, ":already_tracked".to_owned()),
        (Rejoin::TrackedPair, "{:already_tracked, #PID<0.421.0>}".to_owned()),
        (Rejoin::TrackedWithRoom, format!("{{:already_tracked, #PID<0.421.0>, \"{LOBBY}\", \"42\"}}")),
    ] {
        let mut table = Table::new(Settings { rejoin, ..quiet() });
        let session = table.agent("alpha");
        assert_eq!(table.join_refusal(session, LOBBY), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_may_have_several_connections_or_one() {
    let mut table = Table::new(quiet());
    let alpha = table.identity("alpha");
    let (first, second) = (table.in_lobby(&alpha), table.in_lobby(&alpha));
    let other = table.agent("beta");
    table.request(second);
    table.request(other);
    assert_eq!(types(&table.heard(first)), ["match:found"], "both hear it");
    table.drop_connection(first);
    assert_eq!(table.account("agent:alpha").connections, 1);

    let mut table = Table::new(Settings { connections: Connections::NewestReplaces, ..quiet() });
    let alpha = table.identity("alpha");
    let first = table.in_lobby(&alpha);
    let second = table.in_lobby(&alpha);
    assert!(matches!(table.raw(first).as_slice(), [Outgoing::Close { code: close::REPLACED, .. }]));
    // The notice of the old socket's end does not touch the new connection.
    table.drop_connection(first);
    assert_eq!(table.ask(second, LOBBY, "match:request", json!({})), json!({ "status": "queued" }));

    let mut table = Table::new(Settings {
        connections: Connections::OldestStays,
        rejoin: Rejoin::TrackedWithRoom,
        ..quiet()
    });
    let alpha = table.identity("alpha");
    let first = table.in_lobby(&alpha);
    let second = table.connect(&alpha);
    assert!(table.join_refusal(second, LOBBY).starts_with("{:already_tracked, "));
    table.drop_connection(first);
    table.join(second, LOBBY);
    assert_eq!(table.heard(second)[0]["event"], "joined");
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_is_worth_nothing() {
    for closes in [true, false] {
        let mut table = Table::new(Settings { close_on_revoke: closes, ..quiet() });
        let alpha = table.identity("alpha");
        let session = table.in_lobby(&alpha);
        assert!(table.arena.revoke(&alpha.token) && !table.arena.revoke(&alpha.token));
        table.collect();
        let is_closed =
            matches!(table.raw(session).as_slice(), [Outgoing::Close { code: close::REVOKED, .. }]);
        assert_eq!((is_closed, table.arena.connections()), (closes, usize::from(!closes)));
        let dialect = crate::sandbox::routes::dialect();
        assert!(table.arena.admit(alpha.token.expose(), &dialect).is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn direct_rooms_are_for_the_agent_and_its_owner() {
    let mut table = Table::new(quiet());
    let owner = table.arena.register_person("owner_1234", false).unwrap();
    let stranger = table.arena.register_person("stranger_5678", false).unwrap();
    let admin = table.arena.register_person("admin_0001", true).unwrap();
    let sniper = table.arena.register_agent("sniper", Some("owner_1234")).unwrap();
    let rival = table.arena.register_agent("rival", Some("owner_1234")).unwrap();
    let room = "room:agent:direct:agent:sniper";
    let [owner, stranger, admin, rival] = [&owner, &stranger, &admin, &rival].map(|who| table.connect(who));
    assert_eq!(table.join_refusal(owner, room), ":agent_offline");
    assert_eq!(table.join_refusal(stranger, room), ":forbidden");
    let agent = table.connect(&sniper);
    table.text(agent, r#"{"id":"9","room":"room:agent:direct:agent:sniper","event":"join","payload":{}}"#);
    assert_eq!(
        table.texts(agent),
        [r#"{"id":"9","room":"room:agent:direct:agent:sniper","event":"joined","payload":{}}"#]
    );
    assert_eq!(table.join_refusal(stranger, room), ":forbidden");
    assert_eq!(table.join_refusal(rival, room), ":forbidden", "an agent may join its own alone");
    assert_eq!(table.join_refusal(owner, "room:agent:direct:agent:nobody"), ":not_found");
    assert_eq!(table.join_refusal(owner, "room:agent:direct:owner_1234"), ":not_found");
    for guest in [owner, admin] {
        table.join(guest, room);
        assert_eq!(types(&table.heard(guest)), ["joined"]);
    }
    table.run(seconds(180));
    table.text(
        owner,
        r#"{"id":"10","room":"room:agent:direct:agent:sniper","type":"chat:message","payload":{"body":"sanity check ping"}}"#,
    );
    // The spec's own frames, on the day after the example's.
    let push = r#"{"room":"room:agent:direct:agent:sniper","type":"chat:message","payload":{"body":"sanity check ping","sender_handle":"owner_1234","sender_kind":"human","sender_role":"user","mode":"direct"},"meta":{"user_id":42,"timestamp":"2026-03-03T00:03:00Z"}}"#;
    assert_eq!(
        table.texts(owner),
        [
            r#"{"id":"10","room":"room:agent:direct:agent:sniper","event":"reply","payload":{"status":"ok"}}"#,
            push
        ]
    );
    assert_eq!(table.texts(agent), [push]);
    table.say(agent, room, "chat:message", json!({ "body": "pong" }));
    let heard = table.heard(owner);
    assert_eq!(
        (&heard[0]["payload"]["sender_kind"], &heard[0]["payload"]["sender_role"]),
        (&json!("agent"), &json!("agent"))
    );
    assert_eq!(table.refusal(agent, room, "chat:message", json!({ "body": "" })), ":empty_message");
    assert_eq!(table.refusal(stranger, room, "chat:message", json!({ "body": "hi" })), ":not_joined");
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed_by_the_machines_time() {
    let settings = Settings { idle_timeout: Some(seconds(45)), ..quiet() };
    let mut table = Table::with_clock(settings, Clock::scaled(10.0));
    let session = table.agent("alpha");
    table.run(seconds(400));
    table.text(session, r#"{"event":"ping"}"#);
    table.run(seconds(449));
    assert_eq!(table.texts(session), [r#"{"event":"pong"}"#]);
    table.run(seconds(1));
    assert!(matches!(table.raw(session).as_slice(), [Outgoing::Close { code: close::IDLE, .. }]));
    assert_eq!((table.arena.connections(), table.arena.next_deadline()), (0, None));
}

#[tokio::test(start_paused = true)]
async fn deliveries_can_be_doubled_late_and_lost() {
    let mut table = Table::new(Settings { duplicate_one_in: 1, ..quiet() });
    let alpha = table.identity("alpha");
    let session = table.connect(&alpha);
    table.join(session, LOBBY);
    let expected = ["joined", "meta:state", "meta:state", "leaderboard:state", "leaderboard:state"];
    assert_eq!(types(&table.heard(session)), expected);

    let mut table = Table::new(Settings { reorder_one_in: 1, ..quiet() });
    let alpha = table.identity("alpha");
    let session = table.connect(&alpha);
    table.join(session, LOBBY);
    assert_eq!(types(&table.heard(session)), ["joined", "leaderboard:state", "meta:state"]);
    let other = table.agent("beta");
    table.request(session);
    table.request(other);
    assert_eq!(types(&table.heard(session)), ["reply"], "it waits for another to pass");
    table.run(Duration::from_millis(50));
    assert_eq!(types(&table.heard(session)), ["match:found"]);

    let mut table = Table::new(Settings { lose_one_in: 1, ..quiet() });
    let session = table.agent("alpha");
    table.request(session);
    assert!(table.heard(session).is_empty());
    let other = table.agent("beta");
    table.request(other);
    assert_eq!(types(&table.heard(session)), ["match:found"], "it was obeyed all the same");
}

#[tokio::test(start_paused = true)]
async fn a_reset_forgets_all_but_the_accounts() {
    let mut table = Table::new(Settings { compliance: Compliance::Off, ..Settings::default() });
    let alpha = table.identity("alpha");
    let first_match = |table: &mut Table| {
        let session = table.in_lobby(&alpha);
        table.request(session);
        table.run(seconds(3));
        let heard = table.heard(session);
        (session, find(&heard, "match:found")["payload"].clone())
    };
    let (before, found) = first_match(&mut table);
    table.arena.restart(Seed(42));
    table.collect();
    assert!(matches!(table.raw(before).as_slice(), [Outgoing::Close { code: close::RESET, .. }]));
    assert_eq!((table.arena.matches().len(), table.arena.next_deadline()), (0, None));
    let (after, again) = first_match(&mut table);
    assert_eq!(found, again, "the same seed, the same match");
    assert_ne!(before, after, "a connection of before is never mistaken for one of now");
}

#[tokio::test(start_paused = true)]
async fn a_connection_cannot_be_in_endless_rooms() {
    let mut table = Table::new(quiet());
    let admin = table.arena.register_person("admin_0001", true).unwrap();
    let admin = table.connect(&admin);
    for number in 0..70 {
        let agent = table.identity(&format!("a{number}"));
        table.connect(&agent);
        table.join(admin, &format!("room:agent:direct:agent:a{number}"));
    }
    let heard = table.heard(admin);
    assert_eq!(heard.iter().filter(|frame| frame["event"] == "joined").count(), 64);
    assert!(heard[64..].iter().all(|frame| frame["payload"]["reason"] == ":forbidden"));
}
