//! Players in the sandbox: against its house, and against each other.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use botornot_sdk::player::{MatchReport, Pacing, Persona, SelfPlay};
use botornot_sdk::sandbox::{AfterWrongEcho, Sandbox, SandboxBuilder};
use botornot_sdk::sdk_core::shutdown::Shutdown;
use botornot_sdk::state::VotedBy;
use botornot_sdk::{Client, Reason};
use tokio::time::Instant;

use super::host::Host;
use super::script::{Echo, playing};

fn client(sandbox: &Sandbox, agent: usize) -> Client {
    Client::builder(sandbox.token(agent).unwrap()).url(sandbox.url()).seed(1).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_persona_plays_the_house_and_every_match_gets_its_own_vote() {
    let sandbox = Sandbox::builder().seed(5).start().await.unwrap();
    let reports: Arc<Mutex<Vec<MatchReport>>> = Arc::default();
    let told = reports.clone();
    let play = client(&sandbox, 0).play(Persona::new(5)).matches(6).seed(5);
    let summary = play.on_match(move |report| told.lock().unwrap().push(report.clone())).run().await.unwrap();
    assert_eq!((summary.matches, summary.lost, summary.failures, summary.fallbacks), (6, 0, 0, 0));
    assert_eq!(summary.correct + summary.wrong, 6);
    assert!(summary.correct >= 4, "{summary}");
    let reports = std::mem::take(&mut *reports.lock().unwrap());
    for report in &reports {
        assert_eq!(report.voted_by, Some(VotedBy::Bot), "{report}");
        assert!(report.vote_counted && report.confidence.is_some(), "{report:?}");
        assert!(report.transcript.lines().len() >= 4, "{report:?}");
    }
    // What the platform kept is what was reported.
    let account = sandbox.account(&sandbox.agents()[0].handle).unwrap();
    assert_eq!(summary.rating_after, Some(account.rating as f64));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_harness_changes_no_rating() {
    let sandbox = Sandbox::builder().seed(5).start().await.unwrap();
    let summary =
        client(&sandbox, 0).play(Persona::new(9)).matches(2).test_mode(true).seed(9).run().await.unwrap();
    assert_eq!((summary.matches, summary.rating_delta, summary.fallbacks), (2, 0.0, 0));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn two_players_meet_and_what_one_wins_the_other_loses() {
    let sandbox = Sandbox::builder().seed(5).no_house().start().await.unwrap();
    let report = SelfPlay::new(
        ("calm", client(&sandbox, 0), Persona::new(1)),
        ("chatty", client(&sandbox, 1), Persona::new(2)),
    )
    .matches(12)
    .seed(3)
    .run()
    .await
    .unwrap();
    assert_eq!((report.first.matches, report.second.matches), (12, 12), "{report}");
    assert!((report.first.rating_delta + report.second.rating_delta).abs() < 0.001, "{report}");
    assert_eq!((report.first.failures, report.second.failures), (0, 0));
    assert_eq!((report.first.fallbacks, report.second.fallbacks), (0, 0));
    let table = report.to_string();
    assert!(table.contains("calm") && table.contains("chatty") && table.lines().count() == 3, "{table}");
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_pace_sped_up_with_the_matches_is_the_same_pace() {
    let host = Host::start().await;
    let reports: Arc<Mutex<Vec<MatchReport>>> = Arc::default();
    let mut answered = Vec::new();
    for speed in [1.0, 100.0] {
        let told = reports.clone();
        let run = playing(&host, Echo::default(), |play| {
            play.pacing(Pacing::default())
                .speed(speed)
                .on_match(move |report| told.lock().unwrap().push(report.clone()))
        });
        let mut peer = host.lobby().await;
        peer.begin("m1", 240).await;
        peer.says("m1", "hello").await;
        let began = Instant::now();
        peer.text().await;
        answered.push(began.elapsed().as_secs_f64());
        peer.opponent_votes("m1").await;
        peer.vote("m1").await;
        peer.end("m1").await;
        peer.close_code().await;
        run.await.unwrap().unwrap();
    }
    assert!((answered[0] / 100.0 - answered[1]).abs() < 0.01, "{answered:?}");
    let reports = std::mem::take(&mut *reports.lock().unwrap());
    let at: Vec<f64> = reports.iter().map(|report| report.transcript.lines()[1].at.as_secs_f64()).collect();
    assert!((at[0] - at[1]).abs() < 1.0 && at[0] > 0.5, "{at:?}");
}

#[tokio::test(start_paused = true)]
async fn who_stops_the_first_client_stops_both() {
    let sandbox = Sandbox::builder().seed(5).no_house().start().await.unwrap();
    let shutdown = Shutdown::new();
    let first = Client::builder(sandbox.token(0).unwrap()).url(sandbox.url()).shutdown(&shutdown);
    let report = SelfPlay::new(
        ("one", first.build().unwrap(), Persona::new(1)),
        ("other", client(&sandbox, 1), Persona::new(2)),
    )
    .on_match(move |_| {
        shutdown.request();
    })
    .run()
    .await
    .unwrap();
    assert!((1..=2).contains(&report.first.matches), "{report}");
    assert_eq!((report.first.lost, report.second.lost), (0, 0));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn every_reading_of_the_spec_is_played_to_the_end() {
    let readings: [fn(SandboxBuilder) -> SandboxBuilder; 8] = [
        |sandbox| sandbox.echo_chat(false).acknowledge(false).relay_typing(false),
        |sandbox| sandbox.lock_chat_on_vote(true).voted_by_list(true),
        |sandbox| sandbox.max_chat_chars(10).chat_rate(1, Duration::from_secs(3)),
        |sandbox| sandbox.duplicate_pushes(2),
        |sandbox| sandbox.reorder_pushes(3),
        |sandbox| sandbox.votes_open_after(Duration::from_secs(120)),
        |sandbox| sandbox.own_from("me").tell_source(true),
        |sandbox| sandbox.match_length(Duration::from_secs(20)),
    ];
    for (nth, reading) in readings.into_iter().enumerate() {
        let sandbox = reading(Sandbox::builder().seed(nth as u64)).start().await.unwrap();
        let play = client(&sandbox, 0).play(Persona::new(nth as u64)).matches(3).seed(nth as u64);
        let summary = play.run().await.unwrap();
        assert_eq!((summary.matches, summary.lost), (3, 0), "reading {nth}: {summary}");
        assert_eq!(summary.correct + summary.wrong, 3, "reading {nth}: {summary}");
        sandbox.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_pace_the_platforms_limit_is_still_kept() {
    let sandbox = Sandbox::builder().seed(5).start().await.unwrap();
    let play = client(&sandbox, 0).play(Echo::default()).matches(3).pacing(Pacing::off()).seed(5);
    let summary = play.run().await.unwrap();
    assert_eq!((summary.matches, summary.failures), (3, 0), "{summary}");
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_echo_that_is_refused_without_a_new_challenge_ends_in_a_match_or_in_an_error_with_a_name() {
    let hesitant = || Sandbox::builder().seed(6).after_wrong_echo(AfterWrongEcho::Nothing);
    let sandbox = hesitant().refused_echoes(3).start().await.unwrap();
    let summary = client(&sandbox, 0).play(Persona::new(6)).matches(1).seed(6).run().await.unwrap();
    assert_eq!((summary.matches, summary.lost), (1, 0), "{summary}");
    sandbox.shutdown().await;

    let sandbox = hesitant().refused_echoes(u32::MAX).start().await.unwrap();
    let ended = client(&sandbox, 0).play(Persona::new(6)).matches(1).seed(6).run().await.unwrap_err();
    let error = ended.error();
    assert_eq!(error.code().id(), "compliance_failed");
    assert_eq!(error.platform_code(), Some(Reason::InvalidProbeToken));
    assert!(!error.is_retryable());
    sandbox.shutdown().await;
}

#[tokio::test]
async fn weakness_16_a_port_that_is_taken_is_an_error_and_nothing_listens_beyond_this_machine() {
    let first = Sandbox::builder().start().await.unwrap();
    let taken = first.ws_url();
    assert_eq!(taken.host_str(), Some("127.0.0.1"));
    let error = Sandbox::builder().port(taken.port().unwrap()).start().await.unwrap_err();
    assert_eq!(error.code().id(), "local_io");
    // The first goes on, and another finds a port of its own.
    let second = Sandbox::builder().start().await.unwrap();
    assert_ne!(first.ws_url(), second.ws_url());
    first.shutdown().await;
    second.shutdown().await;
}
