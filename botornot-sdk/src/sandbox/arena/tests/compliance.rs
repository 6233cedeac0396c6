//! The opaque compliance room.

use super::*;
use crate::sandbox::settings::AfterWrongEcho;

fn checked() -> Settings {
    Settings { house: Vec::new(), compliance: Compliance::AtJoin, ..Settings::default() }
}

/// A connection in the lobby, and the room that it was sent to.
fn due(table: &mut Table, identity: &SandboxIdentity) -> (SessionId, String) {
    let session = table.connect(identity);
    table.join(session, LOBBY);
    let heard = table.heard(session);
    let room = find(&heard, "room:sync")["payload"]["room"].as_str().unwrap().to_owned();
    (session, room)
}

fn tokens(frames: &[Value]) -> Vec<String> {
    frames.iter().filter_map(|frame| frame["payload"]["probe_token"].as_str()).map(str::to_owned).collect()
}

fn echo(table: &mut Table, session: SessionId, room: &str, token: &str) -> Value {
    table.ask(session, room, "chat:message", json!({ "body": token }))
}

#[tokio::test(start_paused = true)]
async fn the_happy_path_of_the_spec() {
    let mut table = Table::new(checked());
    let alpha = table.identity("alpha");
    let (session, room) = due(&mut table, &alpha);
    assert_eq!(
        table.ask(session, LOBBY, "match:request", json!({})),
        json!({ "status": "probe_required", "room": room })
    );
    assert_eq!(
        table.ask(session, LOBBY, "match:test_request", json!({})),
        json!({ "status": "probe_required", "room": room })
    );
    table.run(seconds(1));
    let id = table.join(session, &room);
    let heard = table.texts(session);
    assert_eq!(heard[0], format!(r#"{{"id":"{id}","room":"{room}","event":"joined","payload":{{}}}}"#));
    let challenge: Value = serde_json::from_str(&heard[1]).unwrap();
    let token = challenge["payload"]["probe_token"].as_str().unwrap();
    let handle: String = room.replace("room:session:", "rando_").chars().take("rando_AbCd12".len()).collect();
    assert_eq!(
        heard[1],
        format!(
            r#"{{"room":"{room}","type":"chat:message","payload":{{"body":"compliance check: echo probe_token in chat:message body","probe_token":"{token}","sender_handle":"{handle}","sender_kind":"human","sender_role":"user","mode":"direct"}},"meta":{{"user_id":null,"timestamp":"2026-03-03T00:00:01Z"}}}}"#
        )
    );
    assert_eq!(token.len(), 8);
    assert_eq!(echo(&mut table, session, &room, token), json!({ "status": "ok" }));
    assert_eq!(
        echo(&mut table, session, &room, token),
        json!({ "reason": ":invalid_probe_token" }),
        "a token is good once"
    );
    assert_eq!(table.ask(session, LOBBY, "match:request", json!({})), json!({ "status": "queued" }));
    let account = table.account("agent:alpha");
    assert_eq!((account.challenges, account.right_echoes, account.wrong_echoes), (1, 1, 1));
    assert_eq!(account.match_requests, 3);
}

#[tokio::test(start_paused = true)]
async fn only_the_newest_token_is_good_and_exactly() {
    let mut table = Table::new(Settings { probe_rotations: 2, compliance_small_talk: true, ..checked() });
    let alpha = table.identity("alpha");
    let (session, room) = due(&mut table, &alpha);
    table.join(session, &room);
    let heard = table.heard(session);
    assert_eq!(types(&heard)[..2], ["joined", "chat:message"]);
    assert!(heard[1]["payload"].get("probe_token").is_none(), "small talk");
    let mut seen = tokens(&heard);
    assert_eq!(seen.len(), 3);
    for wrong in
        [seen[0].clone(), seen[1].clone(), format!(" {}", seen[2]), format!("{}\n", seen[2]), String::new()]
    {
        table.heard(session);
        table.say(session, &room, "chat:message", json!({ "body": wrong }));
        let heard = table.heard(session);
        assert_eq!(heard[0]["payload"]["reason"], ":invalid_probe_token", "{wrong:?}");
        seen.extend(tokens(&heard));
    }
    assert_eq!(seen.len(), 6, "a new token after each mistake, unless a newer one is out already");
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 6);
    assert_eq!(echo(&mut table, session, &room, &seen[5]), json!({ "status": "ok" }));
}

#[tokio::test(start_paused = true)]
async fn after_a_wrong_echo() {
    for (after, count) in
        [(AfterWrongEcho::SameToken, 1), (AfterWrongEcho::NewToken, 1), (AfterWrongEcho::Nothing, 0)]
    {
        let mut table = Table::new(Settings { after_wrong_echo: after, refused_echoes: 1, ..checked() });
        let alpha = table.identity("alpha");
        let (session, room) = due(&mut table, &alpha);
        table.join(session, &room);
        let first = tokens(&table.heard(session)).remove(0);
        table.say(session, &room, "chat:message", json!({ "body": first }));
        let heard = table.heard(session);
        assert_eq!(heard[0]["payload"]["reason"], ":invalid_probe_token", "right, and refused once");
        let again = tokens(&heard);
        assert_eq!(again.len(), count);
        let next = again.first().unwrap_or(&first).clone();
        assert_eq!(next == first, after != AfterWrongEcho::NewToken);
        assert_eq!(echo(&mut table, session, &room, &next), json!({ "status": "ok" }));
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_rotate_until_one_is_echoed() {
    let mut table = Table::new(Settings { probe_lifetime: Some(seconds(5)), ..checked() });
    let alpha = table.identity("alpha");
    let (session, room) = due(&mut table, &alpha);
    table.join(session, &room);
    table.run(seconds(11));
    let seen = tokens(&table.heard(session));
    assert_eq!(seen.len(), 3);
    assert_eq!(echo(&mut table, session, &room, &seen[2]), json!({ "status": "ok" }));
    table.run(seconds(60));
    assert!(table.heard(session).is_empty());
    assert_eq!(table.arena.next_deadline(), None);
}

#[tokio::test(start_paused = true)]
async fn the_check_may_come_with_the_request() {
    for (compliance, expected) in
        [(Compliance::AtRequest, vec!["reply"]), (Compliance::AtRequestWithSync, vec!["reply", "room:sync"])]
    {
        let mut table = Table::new(Settings { compliance, ..checked() });
        let alpha = table.identity("alpha");
        let session = table.connect(&alpha);
        table.join(session, LOBBY);
        assert_eq!(types(&table.heard(session)), ["joined", "meta:state", "leaderboard:state"]);
        table.request(session);
        let heard = table.heard(session);
        assert_eq!(types(&heard), expected);
        assert_eq!(heard[0]["payload"]["status"], "probe_required");
        let room = heard[0]["payload"]["room"].as_str().unwrap().to_owned();
        // The platform's own smoke test joins twice when it is told twice.
        table.join(session, &room);
        table.join(session, &room);
        let heard = table.heard(session);
        assert_eq!(types(&heard), ["joined", "chat:message", "joined"]);
        assert_eq!(echo(&mut table, session, &room, &tokens(&heard)[0]), json!({ "status": "ok" }));
        assert_eq!(table.ask(session, LOBBY, "match:request", json!({})), json!({ "status": "queued" }));
    }
}

#[tokio::test(start_paused = true)]
async fn joining_again_may_bring_another_challenge() {
    let mut table = Table::new(Settings { challenge_on_rejoin: true, ..checked() });
    let alpha = table.identity("alpha");
    let (session, room) = due(&mut table, &alpha);
    table.join(session, &room);
    table.join(session, &room);
    let seen = tokens(&table.heard(session));
    assert_eq!(seen.len(), 2);
    assert_ne!(seen[0], seen[1]);
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_is_checked_again() {
    for again in [true, false] {
        let mut table = Table::new(Settings { compliance_per_connection: again, ..checked() });
        let alpha = table.identity("alpha");
        let (session, room) = due(&mut table, &alpha);
        table.join(session, &room);
        let token = tokens(&table.heard(session)).remove(0);
        echo(&mut table, session, &room, &token);
        table.drop_connection(session);
        let back = table.connect(&alpha);
        table.join(back, LOBBY);
        let is_due = types(&table.heard(back)).contains(&"room:sync".to_owned());
        assert_eq!(is_due, again);
        if again {
            assert_eq!(table.join_refusal(back, &room), ":forbidden", "an old room is nobody's");
        } else {
            table.join(back, &room);
            assert_eq!(types(&table.heard(back)), ["joined"], "and nothing is asked");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_check_is_closed() {
    let mut table = Table::new(checked());
    let (alpha, beta) = (table.identity("alpha"), table.identity("beta"));
    let (_, room) = due(&mut table, &alpha);
    let (other, _) = due(&mut table, &beta);
    assert_eq!(table.join_refusal(other, &room), ":forbidden");
}

#[tokio::test(start_paused = true)]
async fn the_check_may_be_due_again_after_some_matches() {
    let mut table = Table::new(Settings { compliance_every: 1, ..checked() });
    let (alpha, beta) = (table.identity("alpha"), table.identity("beta"));
    let sessions = [&alpha, &beta].map(|identity| {
        let (session, room) = due(&mut table, identity);
        table.join(session, &room);
        let token = tokens(&table.heard(session)).remove(0);
        echo(&mut table, session, &room, &token);
        session
    });
    let room = table.meet(sessions[0], sessions[1]);
    for session in sessions {
        table.say(session, &room, "vote:cast", json!({ "guess": "agent" }));
    }
    let heard = table.heard(sessions[0]);
    assert_eq!(types(&heard).last().map(String::as_str), Some("room:sync"));
    assert_eq!(table.ask(sessions[0], LOBBY, "match:request", json!({}))["status"], "probe_required");
}
