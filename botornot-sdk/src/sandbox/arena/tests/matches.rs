//! Requests, matches, votes, reveals, ratings.

use super::*;
use crate::model::Guess;
use crate::sandbox::house::Opponent;
use crate::sandbox::records::{EndReason, Seat};
use crate::sandbox::settings::{ChatBudget, HouseVotes, MetaDeltaRoom, UserIds, VoteAnswer};

#[tokio::test(start_paused = true)]
async fn a_match_goes_as_the_spec_tells_it() {
    let mut table = Table::new(quiet());
    let (x, y) = (table.agent("alpha"), table.agent("beta"));
    table.text(x, r#"{"id":"4","room":"room:game:botornot:lobby","type":"match:request","payload":{}}"#);
    assert_eq!(
        table.texts(x),
        [r#"{"id":"4","room":"room:game:botornot:lobby","event":"reply","payload":{"status":"queued"}}"#]
    );
    assert_eq!(table.ask(x, LOBBY, "match:request", json!({})), json!({ "status": "already_queued" }));
    table.request(y);
    let heard = table.heard(y);
    assert_eq!(types(&heard), ["reply", "match:found"]);
    let id = heard[1]["payload"]["match_id"].as_str().unwrap().to_owned();
    let room = format!("room:game:botornot:{id}");
    assert_eq!(
        table.texts(x),
        [format!(
            r#"{{"room":"room:game:botornot:lobby","type":"match:found","payload":{{"room":"{room}","match_id":"{id}"}},"meta":{{"user_id":42,"timestamp":"2026-03-03T00:00:00Z"}}}}"#
        )]
    );
    assert_eq!(
        table.ask(x, LOBBY, "match:request", json!({})),
        json!({ "status": "already_active", "room": room, "match_id": id })
    );

    let join = table.join(x, &room);
    assert_eq!(
        table.texts(x),
        [format!(r#"{{"id":"{join}","room":"{room}","event":"joined","payload":{{}}}}"#)]
    );
    assert_eq!(table.refusal(x, &room, "chat:message", json!({ "body": "too early" })), ":chat_closed");
    assert_eq!(table.refusal(x, &room, "vote:cast", json!({ "guess": "human" })), ":vote_not_open");
    table.run(seconds(1));
    table.join(y, &room);
    let started = format!(
        r#"{{"room":"{room}","type":"match:started","payload":{{"ends_at":"2026-03-03T00:04:01Z","duration_sec":240}},"meta":{{"user_id":42,"timestamp":"2026-03-03T00:00:01Z"}}}}"#
    );
    assert_eq!(table.texts(x), [started]);
    assert_eq!(types(&table.heard(y)), ["joined", "match:started"]);

    table.run(seconds(5));
    assert_eq!(
        table.ask(x, &room, "chat:message", json!({ "body": "you seem calm" })),
        json!({ "status": "ok" })
    );
    assert_eq!(
        table.texts(y),
        [format!(
            r#"{{"room":"{room}","type":"chat:message","payload":{{"from":"opponent","body":"you seem calm"}},"meta":{{"user_id":43,"timestamp":"2026-03-03T00:00:06Z"}}}}"#
        )]
    );
    table.ask(y, &room, "chat:typing", json!({ "typing": true }));
    assert_eq!(table.heard(x)[0]["payload"], json!({ "from": "opponent", "typing": true }));

    table.run(seconds(55));
    table.say(x, &room, "vote:cast", json!({ "guess": "agent" }));
    let heard = table.heard(x);
    assert_eq!(types(&heard), ["reply", "vote:ack", "vote:phase"]);
    assert_eq!(heard[1]["payload"], json!({ "guess": "agent" }));
    assert_eq!(heard[2]["payload"], json!({ "chat_locked": false, "voted_by": "self", "must_vote": false }));
    assert_eq!(
        table.texts(y),
        [format!(
            r#"{{"room":"{room}","type":"vote:phase","payload":{{"chat_locked":false,"voted_by":"opponent","must_vote":true}},"meta":{{"user_id":43,"timestamp":"2026-03-03T00:01:01Z"}}}}"#
        )]
    );
    assert_eq!(table.refusal(x, &room, "vote:cast", json!({ "guess": "human" })), ":agent_cannot_vote");
    assert_eq!(
        table.ask(y, &room, "chat:message", json!({ "body": "still here" })),
        json!({ "status": "ok" }),
        "chat remains available"
    );
    table.heard(x);
    table.heard(y);

    table.run(seconds(60));
    table.say(y, &room, "vote:cast", json!({ "guess": "human" }));
    let heard = table.texts(x);
    let stamp = r#""meta":{"user_id":42,"timestamp":"2026-03-03T00:02:01Z"}"#;
    // The first voted right after a quarter of the time and scores 0.875, the second was wrong: 36 times 0.4375.
    let expected = [
        format!(
            r#"{{"room":"{room}","type":"match:reveal","payload":{{"opponent_kind":"agent","opponent_label":"agent:beta","agent_tier":"easy","correct":true,"no_contest":false,"opponent_vote":"human","seconds_remaining":120,"rating_delta":16,"new_rating":1016}},{stamp}}}"#
        ),
        format!(
            r#"{{"room":"{room}","type":"meta:delta","payload":{{"delta":-2,"reason":"agent_passed","seal_integrity":98}},{stamp}}}"#
        ),
        format!(
            r#"{{"room":"{room}","type":"meta:delta","payload":{{"delta":1,"reason":"agent_caught","seal_integrity":99}},{stamp}}}"#
        ),
        format!(r#"{{"room":"{room}","type":"match:ended","payload":{{}},{stamp}}}"#),
    ];
    assert_eq!(heard[..4], expected);
    assert!(heard[4].starts_with(
        r#"{"room":"room:game:botornot:lobby","type":"leaderboard:state","payload":{"top":[{"rank":1,"handle":"agent:alpha","rating":1016,"matches":1},{"rank":2,"handle":"agent:beta","rating":984,"matches":1}]}"#
    ));
    let heard = table.heard(y);
    assert_eq!(
        types(&heard)[..3],
        ["reply", "vote:ack", "match:reveal"],
        "the vote is confirmed before the reveal"
    );
    assert_eq!(
        (&heard[2]["payload"]["rating_delta"], &heard[2]["payload"]["new_rating"]),
        (&json!(-16), &json!(984))
    );

    let record = table.last_match();
    assert_eq!((record.id.as_str(), record.ended, record.no_contest), (&*id, Some(EndReason::Voted), false));
    assert_eq!(record.length, Some(seconds(120)));
    assert_eq!(record.said_by("agent:alpha").collect::<Vec<_>>(), ["you seem calm"]);
    let alpha = record.players.get(record.seat_of("agent:alpha").unwrap());
    let vote = alpha.vote.unwrap();
    assert_eq!((vote.guess, vote.at, alpha.correct), (Guess::Agent, seconds(60), Some(true)));
    assert_eq!(record.refusals.len(), 3);

    // The room is no more, and both may go on at once.
    assert_eq!(table.refusal(x, &room, "chat:message", json!({ "body": "late" })), ":not_found");
    assert_eq!(table.join_refusal(x, &room), ":not_found");
    assert_eq!(table.last_match().sent_after_end, 1);
    assert_eq!(table.ask(x, LOBBY, "match:request", json!({})), json!({ "status": "queued" }));
}

#[tokio::test(start_paused = true)]
async fn a_match_ends_when_its_time_is_up() {
    let mut table = Table::new(quiet());
    let ([x, y], room) = table.seated();
    table.say(x, &room, "vote:cast", json!({ "guess": "human" }));
    table.heard(x);
    table.heard(y);
    table.run(Duration::from_millis(239_999));
    assert!(table.heard(x).is_empty());
    table.run(Duration::from_millis(1));
    let heard = table.heard(y);
    let reveal = &find(&heard, "match:reveal")["payload"];
    assert_eq!(reveal["opponent_vote"], "human");
    assert_eq!((&reveal["correct"], &reveal["no_contest"]), (&json!(false), &json!(false)));
    assert_eq!((&reveal["seconds_remaining"], &reveal["rating_delta"]), (&json!(0), &json!(0)));
    assert_eq!(find(&heard, "meta:delta")["payload"]["reason"], "agent_passed");
    assert_eq!(table.last_match().ended, Some(EndReason::TimeUp));
}

#[tokio::test(start_paused = true)]
async fn where_nobody_votes_it_is_no_contest() {
    let mut table = Table::new(quiet());
    let ([x, _], _) = table.seated();
    table.run(seconds(240));
    let heard = table.heard(x);
    assert_eq!(types(&heard), ["match:reveal", "match:ended"]);
    let reveal = &heard[0]["payload"];
    assert_eq!((&reveal["no_contest"], &reveal["opponent_vote"]), (&json!(true), &Value::Null));
    assert_eq!((table.account("agent:alpha").rating, table.account("agent:alpha").rated_matches), (1_000, 0));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_come_is_waited_for_and_then_not() {
    let mut table = Table::new(quiet());
    let (x, y) = (table.agent("alpha"), table.agent("beta"));
    table.request(x);
    table.request(y);
    let room = find(&table.heard(x), "match:found")["payload"]["room"].as_str().unwrap().to_owned();
    table.join(x, &room);
    table.run(seconds(30));
    let heard = table.heard(x);
    assert_eq!(types(&heard), ["joined", "match:reveal", "match:ended"]);
    assert_eq!(heard[1]["payload"]["no_contest"], true);
    assert_eq!(table.last_match().ended, Some(EndReason::NotJoined));
    // A stale assignment.
    assert_eq!(table.join_refusal(y, &room), ":not_found");
    assert_eq!(table.ask(y, LOBBY, "match:request", json!({})), json!({ "status": "queued" }));
}

#[tokio::test(start_paused = true)]
async fn the_test_harness_is_deterministic_and_costs_nothing() {
    let run = |seed_of_names: &str| {
        let mut table = Table::new(quiet());
        let x = table.agent(seed_of_names);
        table.text(
            x,
            r#"{"id":"t1","room":"room:game:botornot:lobby","type":"match:test_request","payload":{}}"#,
        );
        let heard = table.texts(x);
        assert_eq!(
            heard[0],
            r#"{"id":"t1","room":"room:game:botornot:lobby","event":"reply","payload":{"status":"queued"}}"#
        );
        let found: Value = serde_json::from_str(&heard[1]).unwrap();
        let id = found["payload"]["match_id"].as_str().unwrap().to_owned();
        assert!(id.starts_with("test_") && id.len() == "test_x7YvQ".len(), "{id}");
        let room = format!("room:game:botornot:{id}");
        assert_eq!(found["payload"]["room"], room.as_str());
        assert_eq!(
            table.ask(x, LOBBY, "match:test_request", json!({})),
            json!({ "status": "already_active", "room": room, "match_id": id })
        );
        table.join(x, &room);
        assert_eq!(types(&table.heard(x)), ["joined", "match:started"]);
        assert_eq!(table.refusal(x, &room, "vote:cast", json!({ "guess": "human" })), ":vote_not_open");
        table.run(seconds(12));
        let heard = table.heard(x);
        assert_eq!(types(&heard)[..5], ["chat:message"; 5]);
        assert_eq!(types(&heard)[5..], ["vote:phase"]);
        assert_eq!(
            heard[5]["payload"],
            json!({ "chat_locked": false, "voted_by": "opponent", "must_vote": true })
        );
        assert!(heard[..5].iter().all(|turn| turn["payload"]["from"] == "opponent"));
        let said: Vec<String> = heard[..5].iter().map(|turn| turn["payload"]["body"].to_string()).collect();
        table.say(x, &room, "vote:cast", json!({ "guess": "agent" }));
        let heard = table.heard(x);
        assert_eq!(types(&heard), ["reply", "vote:ack", "match:reveal", "match:ended"]);
        assert_eq!(
            heard[2]["payload"],
            json!({ "opponent_kind": "agent", "opponent_label": "HARNESS", "agent_tier": "easy", "correct": true,
                "no_contest": false, "opponent_vote": "agent", "seconds_remaining": 228, "rating_delta": 0,
                "new_rating": 1000 })
        );
        assert_eq!(table.account(&format!("agent:{seed_of_names}")).rated_matches, 0);
        assert!(table.last_match().is_test);
        said
    };
    assert_eq!(run("alpha"), run("beta"));
}

#[tokio::test(start_paused = true)]
async fn a_test_match_without_a_vote_ends_too() {
    let mut table = Table::new(quiet());
    let x = table.agent("alpha");
    table.say(x, LOBBY, "match:test_request", json!({}));
    let room = find(&table.heard(x), "match:found")["payload"]["room"].as_str().unwrap().to_owned();
    table.join(x, &room);
    table.run(seconds(240));
    let heard = table.heard(x);
    let reveal = &find(&heard, "match:reveal")["payload"];
    assert_eq!((&reveal["no_contest"], &reveal["rating_delta"]), (&json!(true), &json!(0)));
    assert_eq!(types(&heard).last().map(String::as_str), Some("match:ended"));
}

#[tokio::test(start_paused = true)]
async fn people_are_refused_the_test_harness() {
    let mut table = Table::new(quiet());
    let person = table.arena.register_person("owner_1234", false).unwrap();
    let session = table.in_lobby(&person);
    assert_eq!(table.refusal(session, LOBBY, "match:test_request", json!({})), ":forbidden");
    assert_eq!(table.ask(session, LOBBY, "match:request", json!({})), json!({ "status": "queued" }));
    let agent = table.agent("alpha");
    let room = table.meet(agent, session);
    table.say(agent, &room, "vote:cast", json!({ "guess": "human" }));
    table.say(session, &room, "vote:cast", json!({ "guess": "agent" }));
    let heard = table.heard(agent);
    let reveal = &find(&heard, "match:reveal")["payload"];
    assert_eq!((&reveal["opponent_kind"], &reveal["agent_tier"]), (&json!("human"), &Value::Null));
    assert_eq!((&reveal["opponent_label"], &reveal["correct"]), (&json!("owner_1234"), &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn chat_is_checked_and_has_a_budget() {
    let mut table = Table::new(quiet());
    let ([x, y], room) = table.seated();
    for (payload, reason) in [
        (json!({ "body": "" }), ":empty_message"),
        (json!({ "body": " \n " }), ":empty_message"),
        (json!({}), ":empty_message"),
        (json!({ "body": "é".repeat(501) }), ":message_too_long"),
        (json!({ "body": 7 }), "invalid_envelope"),
    ] {
        assert_eq!(table.refusal(x, &room, "chat:message", payload.clone()), reason, "{payload}");
    }
    assert_eq!(table.refusal(x, &room, "chat:typing", json!({ "typing": "yes" })), "invalid_envelope");
    assert_eq!(table.refusal(x, &room, "vote:cast", json!({ "guess": "bot" })), "invalid_envelope");
    let ok = json!({ "status": "ok" });
    for _ in 0..3 {
        assert_eq!(table.ask(x, &room, "chat:message", json!({ "body": "é".repeat(500) })), ok);
    }
    assert_eq!(table.refusal(x, &room, "chat:message", json!({ "body": "hi" })), ":rate_limited");
    assert_eq!(table.ask(y, &room, "chat:message", json!({ "body": "hi" })), ok, "to each his own");
    table.run(Duration::from_millis(999));
    assert_eq!(table.refusal(x, &room, "chat:message", json!({ "body": "hi" })), ":rate_limited");
    table.run(Duration::from_millis(1));
    assert_eq!(table.ask(x, &room, "chat:message", json!({ "body": "hi" })), ok);
    assert_eq!(table.last_match().messages.len(), 5, "what was refused was not said");
}

#[tokio::test(start_paused = true)]
async fn the_chat_budget_may_belong_to_the_user() {
    let mut table = Table::new(Settings { chat_budget: ChatBudget::PerUser, ..quiet() });
    let ([x, y], room) = table.seated();
    for _ in 0..3 {
        table.ask(x, &room, "chat:message", json!({ "body": "hi" }));
    }
    for session in [x, y] {
        table.say(session, &room, "vote:cast", json!({ "guess": "human" }));
    }
    table.heard(x);
    table.heard(y);
    let room = table.meet(x, y);
    assert_eq!(table.refusal(x, &room, "chat:message", json!({ "body": "hi" })), ":rate_limited");
}

#[tokio::test(start_paused = true)]
async fn what_running_servers_do_differently_can_be_had() {
    let mut table = Table::new(Settings {
        echo_chat: false,
        acknowledge: false,
        relay_typing: false,
        lock_chat_on_vote: true,
        voted_by_list: true,
        vote_answer: VoteAnswer::AckOnly,
        own_from: "me".into(),
        meta_delta_room: MetaDeltaRoom::Lobby,
        user_ids: UserIds::Texts,
        ..quiet()
    });
    let ([x, y], room) = table.seated();
    table.say(x, &room, "chat:message", json!({ "body": "hi" }));
    table.say(x, &room, "chat:typing", json!({ "typing": true }));
    assert!(table.heard(x).is_empty());
    let heard = table.heard(y);
    assert_eq!(types(&heard), ["chat:message"]);
    assert_eq!(heard[0]["meta"]["user_id"], "43");
    table.say(x, &room, "vote:cast", json!({ "guess": "human" }));
    let heard = table.heard(x);
    assert_eq!(types(&heard), ["vote:ack", "vote:phase"]);
    assert_eq!(heard[1]["payload"], json!({ "chat_locked": true, "voted_by": ["me"], "must_vote": false }));
    assert_eq!(table.heard(y)[0]["payload"]["voted_by"], json!(["opponent"]));
    assert_eq!(table.refusal(y, &room, "chat:message", json!({ "body": "hi" })), ":chat_closed");
    table.say(y, &room, "vote:cast", json!({ "guess": "human" }));
    let heard = table.heard(y);
    assert_eq!(types(&heard)[..3], ["vote:ack", "match:reveal", "match:ended"]);
    assert_eq!(find(&heard, "meta:delta")["room"], LOBBY);

    let mut table = Table::new(Settings {
        votes_open_after: seconds(10),
        tell_source: true,
        started_names_match: true,
        user_ids: UserIds::Null,
        vote_answer: VoteAnswer::ReplyOnly,
        vote_phase_to_voter: false,
        ..quiet()
    });
    let (x, y) = (table.agent("alpha"), table.agent("beta"));
    table.request(x);
    table.request(y);
    let heard = table.heard(x);
    let found = find(&heard, "match:found");
    assert_eq!((&found["payload"]["source"], &found["meta"]["user_id"]), (&json!("queue"), &Value::Null));
    let room = found["payload"]["room"].as_str().unwrap().to_owned();
    table.join(x, &room);
    table.join(y, &room);
    let heard = table.heard(x);
    assert_eq!(find(&heard, "match:started")["payload"]["match_id"], found["payload"]["match_id"]);
    assert_eq!(table.refusal(x, &room, "vote:cast", json!({ "guess": "human" })), ":vote_not_open");
    table.run(seconds(10));
    table.say(x, &room, "vote:cast", json!({ "guess": "human" }));
    assert_eq!(types(&table.heard(x)), ["reply"]);

    let mut table = Table::new(Settings { agents_may_vote: false, ..quiet() });
    let ([x, _], room) = table.seated();
    assert_eq!(table.refusal(x, &room, "vote:cast", json!({ "guess": "human" })), ":agent_cannot_vote");
}

#[tokio::test(start_paused = true)]
async fn a_lost_match_is_resumed_from_the_reply() {
    for restated in [true, false] {
        let mut table = Table::new(Settings { started_on_resume: restated, ..quiet() });
        let alpha = table.identity("alpha");
        let (x, y) = (table.in_lobby(&alpha), table.agent("beta"));
        let room = table.meet(x, y);
        table.run(seconds(60));
        table.drop_connection(x);
        table.say(y, &room, "chat:message", json!({ "body": "hello?" }));
        let back = table.in_lobby(&alpha);
        let reply = table.ask(back, LOBBY, "match:request", json!({}));
        assert_eq!((&reply["status"], &reply["room"]), (&json!("already_active"), &json!(room)));
        assert_eq!(table.refusal(back, &room, "chat:message", json!({ "body": "hi" })), ":not_joined");
        table.join(back, &room);
        let heard = table.heard(back);
        if restated {
            assert_eq!(types(&heard), ["joined", "match:started"]);
            assert_eq!(heard[1]["payload"]["ends_at"], "2026-03-03T00:04:00Z", "the end does not move");
        } else {
            assert_eq!(types(&heard), ["joined"]);
        }
        table.say(back, &room, "vote:cast", json!({ "guess": "agent" }));
        assert_eq!(types(&table.heard(y)).last().map(String::as_str), Some("vote:phase"));
    }
}

#[tokio::test(start_paused = true)]
async fn who_leaves_is_out_of_the_queue() {
    let mut table = Table::new(quiet());
    let (x, y) = (table.agent("alpha"), table.agent("beta"));
    table.request(x);
    table.drop_connection(x);
    table.request(y);
    assert_eq!(types(&table.heard(y)), ["reply"], "nobody is there");
}

#[tokio::test(start_paused = true)]
async fn the_house_plays_when_nobody_else_does() {
    for opponent in Opponent::ALL {
        let mut table = Table::new(Settings {
            house: vec![opponent],
            compliance: Compliance::Off,
            ..Settings::default()
        });
        let x = table.agent("alpha");
        table.request(x);
        table.run(Duration::from_millis(2_999));
        assert_eq!(types(&table.heard(x)), ["reply"]);
        table.run(Duration::from_millis(1));
        let room = find(&table.heard(x), "match:found")["payload"]["room"].as_str().unwrap().to_owned();
        table.join(x, &room);
        assert_eq!(types(&table.heard(x))[..2], ["joined", "match:started"]);
        for _ in 0..6 {
            table.say(x, &room, "chat:message", json!({ "body": "what do you do for fun?" }));
            table.run(seconds(8));
        }
        table.say(x, &room, "vote:cast", json!({ "guess": opponent.kind() }));
        table.run(seconds(10));
        let heard = table.heard(x);
        assert!(
            heard
                .iter()
                .any(|frame| frame["payload"]["from"] == "opponent" && frame["type"] == "chat:message")
        );
        let reveal = &find(&heard, "match:reveal")["payload"];
        assert_eq!(reveal["opponent_kind"], json!(opponent.kind()));
        assert_eq!(reveal["agent_tier"], json!(opponent.tier()));
        assert_eq!(reveal["correct"], true);
        assert!(reveal["opponent_vote"].is_string());
        let record = table.last_match();
        assert!(record.players.second.is_house && record.said_by("agent:alpha").count() == 6);
        let house = table.account(&record.players.second.handle);
        assert_eq!(house.rating + table.account("agent:alpha").rating, 2_000);
    }
}

#[tokio::test(start_paused = true)]
async fn the_house_votes_and_talks_as_ordered() {
    let settings = |house_votes| Settings {
        house: vec![Opponent::EasyAgent],
        house_chats: false,
        house_votes,
        compliance: Compliance::Off,
        ..Settings::default()
    };
    let begin = |table: &mut Table| {
        let x = table.agent("alpha");
        table.request(x);
        table.run(seconds(3));
        let room = find(&table.heard(x), "match:found")["payload"]["room"].as_str().unwrap().to_owned();
        table.join(x, &room);
        table.heard(x);
        (x, room)
    };
    let mut table = Table::new(settings(HouseVotes::At(seconds(20))));
    let (x, _) = begin(&mut table);
    table.run(Duration::from_millis(19_999));
    assert!(table.heard(x).is_empty(), "it says nothing");
    table.run(Duration::from_millis(1));
    assert_eq!(types(&table.heard(x)), ["vote:phase"]);

    let mut table = Table::new(settings(HouseVotes::Never));
    let (x, room) = begin(&mut table);
    table.say(x, &room, "vote:cast", json!({ "guess": "agent" }));
    table.run(seconds(240));
    let heard = table.heard(x);
    assert_eq!(find(&heard, "match:reveal")["payload"]["opponent_vote"], Value::Null);

    let mut table = Table::new(settings(HouseVotes::AfterTheClient));
    let (x, room) = begin(&mut table);
    table.run(seconds(200));
    assert!(table.heard(x).is_empty());
    table.say(x, &room, "vote:cast", json!({ "guess": "agent" }));
    table.run(seconds(5));
    assert_eq!(table.last_match().ended, Some(EndReason::Voted));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_evening() {
    let evening = || {
        let mut table = Table::new(Settings { compliance: Compliance::Off, ..Settings::default() });
        let x = table.agent("alpha");
        let mut story = Vec::new();
        for _ in 0..4 {
            table.request(x);
            let mut room = String::new();
            for _ in 0..60 {
                table.run(seconds(5));
                for text in table.texts(x) {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["type"] == "match:found" {
                        room = frame["payload"]["room"].as_str().unwrap().to_owned();
                        table.join(x, &room);
                    }
                    if frame["type"] == "chat:message" && frame["payload"]["from"] == "opponent" {
                        table.say(x, &room, "chat:message", json!({ "body": "really?" }));
                    }
                    if frame["type"] == "vote:phase" {
                        table.say(x, &room, "vote:cast", json!({ "guess": "human" }));
                    }
                    story.push(text);
                }
            }
        }
        assert_eq!(table.arena.matches().len(), 4);
        story
    };
    assert_eq!(evening(), evening());
}

#[tokio::test(start_paused = true)]
async fn time_on_the_wire_is_the_clients() {
    let clock = Clock::scaled(100.0);
    let mut table = Table::with_clock(quiet(), clock);
    let (x, y) = (table.agent("alpha"), table.agent("beta"));
    table.request(x);
    table.request(y);
    let room = find(&table.heard(x), "match:found")["payload"]["room"].as_str().unwrap().to_owned();
    table.join(x, &room);
    table.run(seconds(10));
    table.join(y, &room);
    let heard = table.heard(y);
    let started = find(&heard, "match:started");
    assert_eq!(started["payload"], json!({ "ends_at": "2026-03-03T00:00:02.500Z", "duration_sec": 2.4 }));
    assert_eq!(started["meta"]["timestamp"], "2026-03-03T00:00:00.100Z");
    table.say(x, &room, "vote:cast", json!({ "guess": "human" }));
    table.say(y, &room, "vote:cast", json!({ "guess": "human" }));
    let heard = table.heard(x);
    assert_eq!(find(&heard, "match:reveal")["payload"]["seconds_remaining"], 2.4);
}

#[tokio::test(start_paused = true)]
async fn the_memory_of_matches_is_bounded() {
    let mut table = Table::new(Settings { keep_matches: 3, ..quiet() });
    let (x, y) = (table.agent("alpha"), table.agent("beta"));
    for _ in 0..10 {
        let room = table.meet(x, y);
        table.say(x, &room, "vote:cast", json!({ "guess": "human" }));
        table.say(y, &room, "vote:cast", json!({ "guess": "human" }));
        table.heard(x);
        table.heard(y);
    }
    assert_eq!(table.arena.matches().len(), 3);
    assert_eq!(table.arena.matches()[0].seat_of("agent:alpha"), Some(Seat::First));
}

#[tokio::test(start_paused = true)]
async fn spans_and_repetitions_are_as_ordered() {
    let mut table = Table::new(Settings {
        join_within: seconds(5),
        found_again_on_resume: true,
        test_turn_gap: seconds(1),
        leaderboard_after_match: false,
        ..quiet()
    });
    let (x, y) = (table.agent("alpha"), table.agent("beta"));
    table.request(x);
    table.request(y);
    let found = find(&table.heard(x), "match:found").clone();
    table.request(x);
    let heard = table.heard(x);
    assert_eq!(types(&heard), ["reply", "match:found"], "it is found again");
    assert_eq!((&heard[0]["payload"]["status"], &heard[1]), (&json!("already_active"), &found));
    table.run(Duration::from_millis(4_999));
    assert_eq!(table.last_match().ended, None);
    table.run(Duration::from_millis(1));
    assert_eq!(table.last_match().ended, Some(EndReason::NotJoined));
    table.heard(y);

    let room = table.meet(x, y);
    for session in [x, y] {
        table.say(session, &room, "vote:cast", json!({ "guess": "agent" }));
    }
    let heard = table.heard(y);
    assert_eq!(types(&heard).last().map(String::as_str), Some("match:ended"), "and no leaderboard");

    table.heard(x);
    table.say(x, LOBBY, "match:test_request", json!({}));
    let room = find(&table.heard(x), "match:found")["payload"]["room"].as_str().unwrap().to_owned();
    table.join(x, &room);
    table.heard(x);
    for turn in ["chat:message", "chat:message", "chat:message", "chat:message", "chat:message", "vote:phase"]
    {
        table.run(seconds(1));
        assert_eq!(types(&table.heard(x)), [turn]);
    }
}
