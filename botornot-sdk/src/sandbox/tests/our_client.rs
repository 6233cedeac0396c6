//! This crate's client on the sandbox, under every reading of the spec that the sandbox knows.

use super::*;
use crate::state::{Notice, Queue, Settings as Plan};
use crate::{Client, Event};

const MATCHES: u32 = 2;

/// Plays matches by the state machine alone, which votes shortly before the end, and checks that each vote was counted.
async fn plays(name: &str, builder: SandboxBuilder, queue: Queue) {
    let sandbox = builder.seed(11).house_wait(Duration::from_millis(300)).start().await.unwrap();
    let client = Client::builder(sandbox.token(0).unwrap()).url(sandbox.url()).seed(1).build().unwrap();
    let plan = Plan { matches: Some(MATCHES), queue: Some(queue), ..Plan::default() };
    let (handle, mut events) = client.enter(plan).await.unwrap();
    let mut reveals = 0;
    let all = timeout(Duration::from_secs(3_600), async {
        while reveals < MATCHES {
            match events.next().await {
                Some(Event::Notice(Notice::Reveal { .. })) => reveals += 1,
                Some(Event::DecodeError(error)) => panic!("{name}: {error}"),
                Some(_) => {}
                None => panic!("{name}: the client gave up"),
            }
        }
    });
    all.await.unwrap_or_else(|_| panic!("{name}: {:#?}", sandbox.matches()));
    let _ = handle.close().await;
    for played in sandbox.matches().into_iter().filter(|played| played.ended.is_some()) {
        let us = &played.players.first;
        assert!(us.vote.is_some(), "{name}: {played:#?}");
        assert_eq!(played.sent_after_end, 0, "{name}: {played:#?}");
        assert_eq!(played.is_test, queue == Queue::Test);
    }
    sandbox.shutdown().await;
}

fn silent() -> SandboxBuilder {
    // What the house says and when it votes is not what these are about.
    Sandbox::builder().house_chats(false).house_votes(HouseVotes::AfterTheClient)
}

#[tokio::test(start_paused = true)]
async fn it_plays_with_every_kind_of_house_opponent() {
    for opponent in Opponent::ALL {
        plays(&format!("{opponent:?}"), Sandbox::builder().house([opponent]), Queue::Rated).await;
    }
    plays("harness", Sandbox::builder(), Queue::Test).await;
}

#[tokio::test(start_paused = true)]
async fn it_passes_every_kind_of_check() {
    let seconds = Duration::from_secs;
    for (name, builder) in [
        ("at join", silent().compliance(Compliance::AtJoin)),
        ("at request", silent().compliance(Compliance::AtRequest)),
        ("at request, told twice", silent().compliance(Compliance::AtRequestWithSync)),
        ("none", silent().compliance(Compliance::Off)),
        ("after each match", silent().compliance_every(1)),
        ("with each request again", silent().compliance(Compliance::AtRequest).compliance_every(1)),
        ("rotating at once", silent().probe_rotations(3)),
        ("rotating in time", silent().probe_lifetime(seconds(5))),
        ("small talk", silent().compliance_small_talk(true)),
        ("another challenge on rejoin", silent().challenge_on_rejoin(true)),
        ("refused, then another token", silent().refused_echoes(2)),
        ("refused, then the same", silent().refused_echoes(2).after_wrong_echo(AfterWrongEcho::SameToken)),
        (
            "refused, then silence until it joins again",
            silent().refused_echoes(1).after_wrong_echo(AfterWrongEcho::Nothing).challenge_on_rejoin(true),
        ),
        ("no reply to the echo", silent().acknowledge(false)),
    ] {
        plays(name, builder, Queue::Rated).await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_lives_with_what_servers_do_differently() {
    let at = |seconds| HouseVotes::At(Duration::from_secs(seconds));
    for (name, builder) in [
        ("no echo", silent().echo_chat(false)),
        ("other words", silent().own_from("user_42").user_ids(UserIds::Texts).voted_by_list(true)),
        ("nobody's name", silent().user_ids(UserIds::Null)),
        ("acks alone", silent().vote_answer(VoteAnswer::AckOnly)),
        ("replies alone", silent().vote_answer(VoteAnswer::ReplyOnly).vote_phase_to_voter(false)),
        ("chat locks", silent().lock_chat_on_vote(true).house_votes(at(10))),
        ("votes open late", silent().votes_open_after(Duration::from_secs(60)).house_votes(at(61))),
        ("the house votes at once", silent().house_votes(at(0))),
        ("the house never votes", silent().house_votes(HouseVotes::Never)),
        ("delta in the lobby", silent().meta_delta_room(MetaDeltaRoom::Lobby)),
        ("more fields", silent().tell_source(true).started_names_match(true)),
        ("tracked atom", silent().rejoin(Rejoin::TrackedAtom)),
        ("tracked pair", silent().rejoin(Rejoin::TrackedPair)),
        ("tracked with room", silent().rejoin(Rejoin::TrackedWithRoom)),
        ("one connection", silent().connections(Connections::NewestReplaces)),
    ] {
        plays(name, builder, Queue::Rated).await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_lives_with_bad_deliveries() {
    for (name, builder) in [
        ("everything twice", silent().duplicate_pushes(1)),
        ("everything in another order", silent().reorder_pushes(1)),
        ("some in another order, some twice", silent().reorder_pushes(2).duplicate_pushes(2)),
        ("a third of the answers lost", silent().lose_answers(3)),
        ("all of it", Sandbox::builder().lose_answers(4).reorder_pushes(3).duplicate_pushes(3)),
    ] {
        plays(name, builder.clone(), Queue::Rated).await;
        plays(&format!("{name}, in test matches"), builder, Queue::Test).await;
    }
}
