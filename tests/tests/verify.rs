//! `botpit-verify` as a stranger runs it: the program itself, its output, its exit code.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use family_tests::programs::{Run, program, run, wait, workdir};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SEED: &str = "f9e8d7c6";
/// Computed with `printf f9e8d7c6 | sha256sum`.
const HASH: &str = "974bdc14dee29c18372cf58f356f0669800b0ab20a497ee81ac77df10783abfe";

#[test]
fn without_options_it_plays_a_match_and_verifies_it() {
    let run = verify(&["--seed", "7"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for words in ["dice_duel: verified", "seed matches commitment", "round 1: verified"] {
        assert!(run.stdout.contains(words), "{}", run.stdout);
    }
    assert!(
        run.stdout.trim_end().ends_with("1 match: 1 verified, 0 consistent, 0 violated"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_report_can_be_verified_again_and_a_lie_in_it_is_found() {
    let run = verify(&["--seed", "8", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let [line, summary] = run.json_lines().try_into().expect("two lines");
    assert_eq!(summary["summary"], json!({"matches": 1, "verified": 1, "consistent": 0, "violated": 0}));
    let report = &line["fairness"];
    assert_eq!((&report["verdict"], &report["fair"]), (&json!("verified"), &json!(true)));

    let file = written("own-report.json", report);
    let again = verify(&["--file", &file, "--json"]);
    assert_eq!((again.code, &again.json_lines()[0]["fairness"]), (0, report), "{}", again.stderr);

    let mut tampered = report.clone();
    tampered["evidence"]["rounds"][0]["result"]["roll_a"] = json!(7);
    let file = written("tampered-report.json", &tampered);
    let found = verify(&["--file", &file]);
    assert_eq!(found.code, 3, "{}", found.stderr);
    assert!(found.stdout.contains("roll_a is 7"), "{}", found.stdout);
    let found = verify(&["--file", &file, "--json"]);
    assert_eq!((found.code, &found.json_lines()[0]["fairness"]["fair"]), (3, &json!(false)));
    assert_eq!(found.json_lines()[1]["summary"]["violated"], 1);
}

#[test]
fn what_a_seed_gives() {
    let run = verify(&["--derive", SEED, "--round", "3", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let expected = json!({"commit": HASH, "coin": "heads", "dealer": 12, "hidden": 13, "dice": [4, 4], "cards": [2, 8],
        "terrain": 0, "target_be": 809, "target_le": 64, "crash_be": 5.966_267_592_745_321,
        "crash_le": 1.010_174_703_144_920_2});
    assert_eq!(run.json_lines(), [expected]);
    let run = verify(&["--derive", SEED, "--round", "3"]);
    assert!(run.code == 0 && run.stdout.contains("dealer Queen, hidden King"), "{}", run.stdout);
}

#[tokio::test]
async fn a_match_by_its_id() {
    let url = server().await;
    let honest = run_beside(&["--match", "m-1", "--url", &url, "--json"]).await;
    assert_eq!(honest.code, 0, "{}", honest.stderr);
    let report = &honest.json_lines()[0]["fairness"];
    assert_eq!(
        (&report["verdict"], &report["verified"], &report["match_id"]),
        (&json!("verified"), &json!(3), &json!("m-1"))
    );
    let violated = run_beside(&["--match", "m-2", "--url", &url]).await;
    assert_eq!(violated.code, 3, "{}", violated.stderr);
    assert!(violated.stdout.contains("flip is tails and the seed gives heads"), "{}", violated.stdout);
    let unknown = run_beside(&["--match", "m-3", "--url", &url]).await;
    unknown.refused(1, "404");
}

#[test]
fn what_cannot_be_checked_is_an_error() {
    verify(&["--file", "nowhere.json"]).refused(1, "nowhere.json");
    verify(&["--file", &written("empty.json", &json!({}))]).refused(1, "no proof");
    verify(&["--match", "m-1"]).refused(1, "--live");
    verify(&["--match", "m-1", "--url", "https://api.example.org"]).refused(1, "needs --live");
    verify(&["--match", "m-1", "--live"]).refused(1, "BOTPIT_URL");
    for nonsense in [&["--derive", SEED][..], &["--round", "1"], &["--match", "m-1", "--file", "match.json"]]
    {
        assert_eq!(verify(nonsense).code, 2);
    }
}

// ---- a server -------------------------------------------------------------------------------------------------------

/// The bodies of `/proof` and `/replay` in the shapes of the spec ("Matches"): a match of coinflip, honest or not.
fn bodies(id: &str, flip: &str) -> [(String, String); 2] {
    let record = json!({"id": id, "game_type": "coinflip", "status": "completed", "agent_a": "agent-uuid-a",
        "agent_b": "agent-uuid-b", "winner": "agent-uuid-a", "wager_lamports": 10_000_000, "server_seed_hash": HASH,
        "created_at": "2024-03-01T12:00:00Z", "completed_at": "2024-03-01T12:01:30Z"});
    let coins = [("heads", "tails"), ("tails", "heads"), ("heads", "tails")];
    let moves: Vec<Value> = coins
        .iter()
        .zip(1..)
        .flat_map(|((a, b), round)| {
            [("agent-uuid-a", a), ("agent-uuid-b", b)].map(|(agent, choice)| {
                json!({"id": format!("move-{agent}-{round}"), "match_id": id, "agent_id": agent, "round": round,
                    "move_data": {"choice": choice}, "created_at": "2024-03-01T12:00:30Z"})
            })
        })
        .collect();
    let mut rounds: Vec<Value> = coins
        .iter()
        .zip(1..)
        .map(|((a, b), round)| {
            json!({"round": round, "flip": a, "move_a": a, "move_b": b, "round_winner": "agent-uuid-a"})
        })
        .collect();
    rounds[0]["flip"] = json!(flip);
    let verification = json!({"server_seed_hash": HASH, "server_seed": SEED, "instructions": "…"});
    let proof = json!({"match": record, "moves": moves, "verification": verification});
    let replay = json!({"match": record, "moves": moves, "rounds": rounds});
    [(format!("{id}/proof"), proof.to_string()), (format!("{id}/replay"), replay.to_string())]
}

async fn server() -> String {
    let known: Vec<(String, String)> =
        bodies("m-1", "heads").into_iter().chain(bodies("m-2", "tails")).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") && stream.read_buf(&mut asked).await.unwrap_or(0) > 0 {}
            let asked = String::from_utf8_lossy(&asked).into_owned();
            let found =
                known.iter().find(|(path, _)| asked.starts_with(&format!("GET /api/v1/matches/{path} ")));
            let (status, body) =
                found.map_or((404, r#"{"error":"not found"}"#), |(_, body)| (200, body.as_str()));
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            // Whoever has gone does not read it.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

// ---- running it -----------------------------------------------------------------------------------------------------

fn verify(arguments: &[&str]) -> Run {
    run("botpit-verify", arguments)
}

/// Runs to the end while the server beside it goes on.
async fn run_beside(arguments: &[&str]) -> Run {
    wait(program("botpit-verify", arguments)).await
}

fn written(name: &str, value: &Value) -> String {
    let path = workdir().join(name);
    std::fs::write(&path, value.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}
