//! Properties: what holds whatever clients do, under whatever settings.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::sandbox::house::{Opponent, ROSTER};
use crate::sandbox::settings::{AfterWrongEcho, Connections, HouseVotes, MetaDeltaRoom, Rejoin, VoteAnswer};

/// Something that a client, or the world, does.
#[derive(Debug, Clone)]
enum Deed {
    Connect,
    /// All that a client does until it is in the queue, when nothing goes wrong.
    Arrive,
    Drop,
    JoinLobby,
    Request {
        test: bool,
    },
    JoinLastRoom,
    Chat(String),
    Typing(bool),
    Vote(&'static str),
    EchoNewest,
    EchoWrong,
    Noise(String),
    Ping,
    Wait(u64),
}

fn deeds() -> impl Strategy<Value = (usize, Deed)> {
    let deed = prop_oneof![
        1 => Just(Deed::Connect),
        5 => Just(Deed::Arrive),
        1 => Just(Deed::Drop),
        4 => Just(Deed::JoinLobby),
        6 => prop::bool::weighted(0.2).prop_map(|test| Deed::Request { test }),
        8 => Just(Deed::JoinLastRoom),
        6 => ".{0,12}".prop_map(Deed::Chat),
        2 => any::<bool>().prop_map(Deed::Typing),
        5 => prop::sample::select(vec!["human", "agent", "bot"]).prop_map(Deed::Vote),
        6 => Just(Deed::EchoNewest),
        1 => Just(Deed::EchoWrong),
        1 => ".{0,40}".prop_map(Deed::Noise),
        1 => Just(Deed::Ping),
        5 => (0_u64..20_000).prop_map(Deed::Wait),
    ];
    (0_usize..3, deed)
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let choices = (0_usize..4, 0_usize..3, 0_usize..3, 0_usize..4, 0_usize..4, 0_usize..3);
    (any::<[bool; 10]>(), choices, 0_u32..4, 0_u32..4).prop_map(
        |(flags, (compliance, echo, connections, rejoin, votes, answer), duplicates, reorders)| {
            let [
                house,
                chats,
                per_connection,
                small_talk,
                locks,
                listed,
                opens_late,
                rotates,
                delta_in_lobby,
                meet,
            ] = flags;
            Settings {
                house: if house { Opponent::ALL.to_vec() } else { Vec::new() },
                house_chats: chats,
                house_votes: [
                    HouseVotes::InTime,
                    HouseVotes::At(seconds(5)),
                    HouseVotes::AfterTheClient,
                    HouseVotes::Never,
                ][votes],
                clients_meet: meet,
                compliance: [
                    Compliance::AtJoin,
                    Compliance::AtRequest,
                    Compliance::AtRequestWithSync,
                    Compliance::Off,
                ][compliance],
                compliance_per_connection: per_connection,
                compliance_small_talk: small_talk,
                compliance_every: echo as u32,
                after_wrong_echo: [
                    AfterWrongEcho::NewToken,
                    AfterWrongEcho::SameToken,
                    AfterWrongEcho::Nothing,
                ][echo],
                refused_echoes: duplicates / 2,
                probe_rotations: reorders / 2,
                probe_lifetime: rotates.then(|| seconds(3)),
                connections: [Connections::Several, Connections::NewestReplaces, Connections::OldestStays]
                    [connections],
                rejoin: [Rejoin::Joined, Rejoin::TrackedAtom, Rejoin::TrackedPair, Rejoin::TrackedWithRoom]
                    [rejoin],
                vote_answer: [VoteAnswer::ReplyAndAck, VoteAnswer::AckOnly, VoteAnswer::ReplyOnly][answer],
                votes_open_after: if opens_late { seconds(4) } else { Duration::ZERO },
                lock_chat_on_vote: locks,
                voted_by_list: listed,
                meta_delta_room: if delta_in_lobby { MetaDeltaRoom::Lobby } else { MetaDeltaRoom::Match },
                duplicate_one_in: duplicates,
                reorder_one_in: reorders,
                idle_timeout: rotates.then(|| seconds(600)),
                ..Settings::default()
            }
        },
    )
}

/// What a client remembers of what it heard.
#[derive(Debug, Default)]
struct Notes {
    session: Option<SessionId>,
    room: Option<String>,
    probe: Option<(String, String)>,
    /// By match room: how often its reveal and its end were heard.
    told: BTreeMap<String, [u32; 2]>,
}

/// Nothing in a match's room says what the opponent is before the reveal, and every frame looks the same whoever it is.
fn says_nothing_too_early(frame: &Value, handles: &[String]) -> Result<(), TestCaseError> {
    let kind = frame["type"].as_str().unwrap_or_default();
    let keys = |value: &Value| -> Vec<String> {
        value.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
    };
    let expected: &[&str] = match kind {
        "match:started" => &["duration_sec", "ends_at"],
        "chat:message" => &["body", "from"],
        "chat:typing" => &["from", "typing"],
        "vote:ack" => &["guess"],
        "vote:phase" => &["chat_locked", "must_vote", "voted_by"],
        "match:reveal" | "meta:delta" | "match:ended" => return Ok(()),
        _ => return Err(TestCaseError::fail(format!("{kind} in a match's room"))),
    };
    let mut found = keys(&frame["payload"]);
    found.sort();
    prop_assert_eq!(found, expected.to_vec(), "{}", kind);
    if kind != "chat:message" {
        let text = frame["payload"].to_string();
        for name in ROSTER.iter().map(|(name, _)| *name).chain(handles.iter().map(String::as_str)) {
            prop_assert!(!text.contains(name), "{} names {}", kind, name);
        }
    }
    Ok(())
}

fn note(notes: &mut Notes, frame: &Value, handles: &[String]) -> Result<(), TestCaseError> {
    let room = frame["room"].as_str().unwrap_or_default().to_owned();
    let payload = &frame["payload"];
    if let Some(token) = payload["probe_token"].as_str() {
        notes.probe = Some((room, token.to_owned()));
        return Ok(());
    }
    if let Some(next) = payload["room"].as_str() {
        notes.room = Some(next.to_owned());
    }
    if frame["id"].is_string() || !room.starts_with("room:game:botornot:") || room == LOBBY {
        return Ok(());
    }
    says_nothing_too_early(frame, handles)?;
    let told = notes.told.entry(room).or_default();
    match frame["type"].as_str() {
        Some("match:reveal") => told[0] += 1,
        Some("match:ended") => told[1] += 1,
        _ => {}
    }
    Ok(())
}

fn listen(table: &mut Table, client: &mut Notes, handles: &[String]) -> Result<(), TestCaseError> {
    let Some(session) = client.session else { return Ok(()) };
    table.heard(session).iter().try_for_each(|frame| note(client, frame, handles))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_match_ends_ratings_sum_and_nobody_is_betrayed(
        settings in any_settings(),
        story in prop::collection::vec(deeds(), 1..160),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let is_exact = settings.duplicate_one_in == 0 && settings.reorder_one_in == 0;
            let mut table = Table::new(settings);
            let identities = [table.identity("alpha"), table.identity("beta"), table.identity("gamma")];
            let handles: Vec<String> = identities.iter().map(|identity| identity.handle.clone()).collect();
            let mut clients: [Notes; 3] = Default::default();
            for (who, deed) in story {
                let client = &mut clients[who];
                let room = client.room.clone().unwrap_or_else(|| LOBBY.to_owned());
                match (deed, client.session) {
                    (Deed::Connect, _) => client.session = Some(table.connect(&identities[who])),
                    (Deed::Arrive, _) => {
                        let session = match client.session {
                            Some(session) => session,
                            None => table.connect(&identities[who]),
                        };
                        client.session = Some(session);
                        table.join(session, LOBBY);
                        table.say(session, LOBBY, "match:request", json!({}));
                        listen(&mut table, client, &handles)?;
                        if let Some(room) = client.room.clone() {
                            table.join(session, &room);
                        }
                        listen(&mut table, client, &handles)?;
                        if let Some((room, token)) = client.probe.clone() {
                            table.say(session, &room, "chat:message", json!({ "body": token }));
                        }
                        table.say(session, LOBBY, "match:request", json!({}));
                    }
                    (Deed::Drop, Some(session)) => {
                        table.drop_connection(session);
                        client.session = None;
                    }
                    (Deed::JoinLobby, Some(session)) => {
                        table.join(session, LOBBY);
                    }
                    (Deed::Request { test }, Some(session)) => {
                        let event_type = if test { "match:test_request" } else { "match:request" };
                        table.say(session, LOBBY, event_type, json!({}));
                    }
                    (Deed::JoinLastRoom, Some(session)) => {
                        table.join(session, &room);
                    }
                    (Deed::Chat(body), Some(session)) => {
                        table.say(session, &room, "chat:message", json!({ "body": body }));
                    }
                    (Deed::Typing(typing), Some(session)) => {
                        table.say(session, &room, "chat:typing", json!({ "typing": typing }));
                    }
                    (Deed::Vote(guess), Some(session)) => {
                        table.say(session, &room, "vote:cast", json!({ "guess": guess }));
                    }
                    (Deed::EchoNewest, Some(session)) => {
                        if let Some((room, token)) = client.probe.clone() {
                            table.say(session, &room, "chat:message", json!({ "body": token }));
                        }
                    }
                    (Deed::EchoWrong, Some(session)) => {
                        if let Some((room, _)) = client.probe.clone() {
                            table.say(session, &room, "chat:message", json!({ "body": "00000000" }));
                        }
                    }
                    (Deed::Noise(text), Some(session)) => table.text(session, &text),
                    (Deed::Ping, Some(session)) => table.text(session, r#"{"event":"ping"}"#),
                    (Deed::Wait(ms), _) => table.run(Duration::from_millis(ms)),
                    (_, None) => {}
                }
                for client in &mut clients {
                    listen(&mut table, client, &handles)?;
                }
                let sum: i64 = table.arena.accounts().iter().map(|account| account.rating - 1_000).sum();
                prop_assert_eq!(sum, 0, "what one wins another loses");
            }
            // Everybody leaves; what is open is decided by time.
            for client in &clients {
                if let Some(session) = client.session {
                    table.drop_connection(session);
                }
            }
            table.run(seconds(3_600));
            let matches = table.arena.matches();
            let mut ids: Vec<&String> = matches.iter().map(|played| &played.id).collect();
            ids.sort();
            ids.dedup();
            prop_assert_eq!(ids.len(), matches.len(), "each match ends once");
            for played in &matches {
                prop_assert!(played.ended.is_some() && played.ended_at.is_some());
                let (first, second) = (&played.players.first, &played.players.second);
                prop_assert_eq!(first.rating_delta, -second.rating_delta);
                if played.is_test || played.no_contest {
                    prop_assert_eq!(first.rating_delta, 0);
                }
                for (player, other) in [(first, second), (second, first)] {
                    prop_assert_eq!(player.correct, player.vote.map(|vote| vote.guess == other.kind));
                }
            }
            for client in &clients {
                for (room, [revealed, ended]) in &client.told {
                    prop_assert!(!is_exact || (*revealed <= 1 && revealed == ended), "{} ends once, revealed", room);
                }
            }
            Ok(())
        })?;
    }
}
