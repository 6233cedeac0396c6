//! Finished matches, by REST and from files. The bodies have the shapes of the spec ("Matches"), with the vectors' seed.

use std::collections::HashMap;

use botpit_sdk::Rest;
use botpit_sdk::fairness::{FairnessReport, Readings, Verdict, from_json};
use botpit_sdk::model::{Proof, Replay};
use botpit_sdk::sdk_core::http::RetryPolicy;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::scenes::{A, B, GAMES, HASH, SEED, codes, honest, notes, seen, verify};

fn record(scene: &Value) -> Value {
    json!({"id": "m-1", "game_type": scene["game"], "status": "completed", "agent_a": A, "agent_b": B,
        "winner": scene["winner"], "wager_lamports": 10_000_000, "server_seed_hash": HASH, "server_seed": SEED,
        "created_at": "2024-03-01T12:00:00Z", "completed_at": "2024-03-01T12:01:30Z"})
}

fn moves(scene: &Value) -> Value {
    let theirs = |result: &Value| match scene["game"].as_str().unwrap() {
        "coinflip" | "rps" => json!({"choice": result["move_b"]}),
        "hi_lo" => json!({"guess": result["guess_b"]}),
        "dice_duel" => json!({"action": "roll"}),
        "high_card_duel" => json!({"action": "draw"}),
        "crash" => json!({"cashout": result["cashout_b"]}),
        "mines" => json!({"tiles": result["tiles_b"]}),
        "math_duel" => json!({"answer": result["answer_b"]}),
        "reaction_ring" => json!({"guess": result["guess_b"]}),
        _ => json!({"bid": result["bid_b"]}),
    };
    let mut moves = Vec::new();
    for round in scene["rounds"].as_array().unwrap() {
        for (agent, data) in [(A, round["mine"].clone()), (B, theirs(&round["result"]))] {
            moves.push(
                json!({"id": format!("{agent}-{}", round["round"]), "match_id": "m-1", "agent_id": agent,
                "round": round["round"], "move_data": data, "created_at": "2024-03-01T12:00:30Z"}),
            );
        }
    }
    json!(moves)
}

fn proof(scene: &Value) -> Value {
    json!({"match": record(scene), "moves": moves(scene), "verification": {
        "server_seed_hash": HASH, "server_seed": SEED,
        "instructions": "Hash the server_seed with SHA-256 and compare to server_seed_hash."}})
}

fn replay(scene: &Value) -> Value {
    let mut record = record(scene);
    record.as_object_mut().unwrap().remove("server_seed");
    (record["agent_a_name"], record["agent_b_name"]) = (json!("AlphaBot"), json!("BetaBot"));
    let rounds: Vec<Value> =
        scene["rounds"].as_array().unwrap().iter().map(|round| round["result"].clone()).collect();
    json!({"match": record, "moves": moves(scene), "rounds": rounds})
}

/// A server that knows these paths and answers everything else with 404.
async fn server(bodies: impl IntoIterator<Item = (&'static str, Value)>) -> Rest {
    let bodies: HashMap<String, String> = bodies
        .into_iter()
        .map(|(path, body)| (format!("GET /api/v1/matches/{path} "), body.to_string()))
        .collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") && stream.read_buf(&mut asked).await.unwrap_or(0) > 0 {}
            let asked = String::from_utf8_lossy(&asked).into_owned();
            let found = bodies.iter().find(|(path, _)| asked.starts_with(path.as_str()));
            let (status, body) = match found {
                Some((_, body)) => (200, body.as_str()),
                None => (404, r#"{"error":"not found"}"#),
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    Rest::builder(url).retry(RetryPolicy::new().attempts(1)).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn any_match_by_its_id() {
    for game in GAMES {
        let scene = honest(game);
        let rest = server([("m-1/proof", proof(&scene)), ("m-1/replay", replay(&scene))]).await;
        let report = rest.verify_match(&"m-1".into()).await.unwrap();
        let expected = if *game == "math_duel" { Verdict::Consistent } else { Verdict::Verified };
        assert_eq!((report.verdict(), codes(&report).len()), (&expected, 0), "{report}");
        assert!(notes(&report).contains(&"commitment_seen_afterwards".to_owned()));
        assert_eq!(report.rounds().len(), scene["rounds"].as_array().unwrap().len());
    }
}

#[tokio::test(start_paused = true)]
async fn parts_may_be_missing() {
    let scene = honest("dice_duel");
    let check =
        async |bodies: Vec<(&'static str, Value)>| server(bodies).await.verify_match(&"m-1".into()).await;
    let report = check(vec![("m-1/proof", proof(&scene))]).await.unwrap();
    assert_eq!((report.fair(), report.rounds().len(), codes(&report).len()), (Some(true), 0, 0), "{report}");
    let report = check(vec![("m-1", record(&scene)), ("m-1/replay", replay(&scene))]).await.unwrap();
    assert_eq!((report.fair(), report.verdict()), (Some(true), &Verdict::Verified), "{report}");
    let missing = check(vec![]).await.unwrap_err();
    assert_eq!(missing.status(), Some(404));
    let active = json!({"id": "m-1", "status": "active", "game_type": "rps", "agent_a": A, "agent_b": B,
        "wager_lamports": 10_000_000, "round": 2, "is_showcase": false});
    assert_eq!(check(vec![("m-1", active)]).await.unwrap_err().status(), Some(404));
}

#[tokio::test(start_paused = true)]
async fn a_server_is_known_by_its_host() {
    let scene = honest("reaction_ring");
    let rest = server([("m-1/proof", proof(&scene)), ("m-1/replay", replay(&scene))]).await;
    let readings = Readings::new();
    rest.verify_match_with(&"m-1".into(), &readings).await.unwrap();
    let host = botpit_sdk::fairness::host_of(rest.http().base());
    assert_eq!(readings.host(&host).ring().len(), 1);
}

#[test]
fn lies_in_a_proof_are_found() {
    let found = |tamper: &dyn Fn(&mut Value, &mut Value)| {
        let scene = honest("dice_duel");
        let (mut proof, mut replay) = (proof(&scene), replay(&scene));
        tamper(&mut proof, &mut replay);
        codes(&from_json(&json!({"proof": proof, "replay": replay}).to_string()).unwrap().verify())
    };
    assert_eq!(found(&|_, _| {}), [""; 0]);
    assert_eq!(found(&|_, replay| replay["match"]["server_seed_hash"] = json!("00")), ["retold"]);
    assert_eq!(found(&|proof, _| proof["match"]["server_seed"] = json!("f9e8d7c7")), ["retold"]);
    assert_eq!(found(&|_, replay| replay["match"]["wager_lamports"] = json!(1)), ["retold"]);
    assert_eq!(found(&|_, replay| replay["match"]["winner"] = Value::Null), ["retold"]);
    assert_eq!(found(&|_, replay| replay["moves"][0]["move_data"] = json!({"action": "pass"})), ["retold"]);
    assert_eq!(found(&|_, replay| replay["rounds"][0]["roll_b"] = json!(6)), ["derived_differs"]);
}

#[test]
fn a_proof_is_laid_beside_what_was_seen() {
    let scene = honest("rps");
    let with = |proof: &Value, replay: &Value| {
        let mut evidence = seen(&scene);
        evidence.add_proof(&serde_json::from_value::<Proof>(proof.clone()).unwrap());
        evidence.add_replay(&serde_json::from_value::<Replay>(replay.clone()).unwrap());
        evidence.verify()
    };
    let report = with(&proof(&scene), &replay(&scene));
    assert_eq!((report.verdict(), report.rounds().len()), (&Verdict::Verified, 3), "{report}");
    assert!(!notes(&report).contains(&"commitment_seen_afterwards".to_owned()));
    for (field, value) in [("server_seed_hash", "00"), ("server_seed", "f9e8d7c7")] {
        let mut proof = proof(&scene);
        proof["verification"][field] = json!(value);
        assert_eq!(codes(&with(&proof, &replay(&scene)))[0], "retold", "{field}");
    }
    let mut changed = proof(&scene);
    changed["moves"][0]["move_data"] = json!({"choice": "paper"});
    assert_eq!(codes(&with(&changed, &replay(&scene))), ["retold"]);
}

#[test]
fn ties_that_keep_their_number_have_two_moves_under_it() {
    let mut scene = honest("rps");
    for (at, number) in [(1, 1), (2, 2)] {
        let round = &mut scene["rounds"][at];
        (round["round"], round["result"]["round"]) = (json!(number), json!(number));
    }
    let report = from_json(&replay(&scene).to_string()).unwrap().verify();
    assert_eq!((report.rounds().len(), report.verified(), codes(&report).len()), (3, 3, 0), "{report}");
}

#[test]
fn every_form_of_a_file_is_read() {
    let scene = honest("coinflip");
    let live = verify(&scene);
    let verdicts = |report: &FairnessReport| (report.verdict().clone(), report.fair(), report.verified());
    for text in [
        serde_json::to_string(&live).unwrap(),
        serde_json::to_string(live.evidence()).unwrap(),
        json!({"fairness": live}).to_string(),
        json!({"proof": proof(&scene), "replay": replay(&scene)}).to_string(),
    ] {
        assert_eq!(verdicts(&from_json(&text).unwrap().verify()), verdicts(&live));
    }
    assert_eq!(from_json(&proof(&scene).to_string()).unwrap().verify().fair(), Some(true));
    assert_eq!(from_json(&replay(&scene).to_string()).unwrap().verify().fair(), None);
    assert_eq!(from_json(&json!({"match": record(&scene)}).to_string()).unwrap().verify().fair(), Some(true));
    assert_eq!(from_json("{}").unwrap_err().field(), Some("proof"));
    assert_eq!(from_json(r#"{"proof": {"match": 3}}"#).unwrap_err().field(), Some("match"));
    assert!(from_json("nonsense").is_err());
}
