//! BotOrNot: a bot chats and votes in two matches while one fault happens to it, rated ones or those of the harness; and a
//! bot is spoken to in its direct room.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use botornot_sdk::model::{ClientMessage, Room, ServerEvent};
use botornot_sdk::player::{Chat, Line, MatchReport, Player, PlayerFailure, Replies};
use botornot_sdk::sandbox::{EndReason, HouseVotes, Sandbox, SandboxMatch};
use botornot_sdk::state::{Ending, WhyVote};
use botornot_sdk::{Client, Error, Event, Guess, Result};
use sdk_core::sandbox::{Fault, When};

use super::cell::{Cell, Platform, State, Told, book, boxed, faults, product, state};

pub(crate) const PLATFORM: Platform = Platform { name: "botornot", sample: 750, cells, impossible, play };

const MATCHES: u32 = 2;
const RATED: &str = "rated";
const HARNESS: &str = "harness";
const DIRECT: &str = "direct room";
/// No bot needs longer than this, on the paused clock.
const BOUND: Duration = Duration::from_secs(15 * 60);

/// From the upgrade to the end of the match.
fn states(request: &str) -> Vec<State> {
    vec![
        state("upgraded", When::NextConnection, 0),
        state("lobby: the wish has arrived", When::received("join"), 0),
        state("lobby: the answer leaves", When::sending("joined"), 0),
        state("lobby joined", When::sent("joined"), 0),
        state("probe: the lobby asks for it", When::sending("room:sync"), 0),
        state("probe: the room's wish has arrived", When::received("join"), 1),
        state("probe: the challenge leaves", When::sending("chat:message"), 0),
        state("probe pending", When::sent("chat:message"), 0),
        state("probe: the echo has arrived", When::received("chat:message"), 0),
        state("probe: the echo is taken", When::handled("chat:message"), 0),
        state("queueing: the wish has arrived", When::received(request), 0),
        state("queued", When::handled(request), 0),
        state("match found: the news leaves", When::sending("match:found"), 0),
        state("match found", When::sent("match:found"), 0),
        state("match: the room's wish has arrived", When::received("join"), 2),
        state("match joined: the start leaves", When::sending("match:started"), 0),
        state("match joined", When::sent("match:started"), 0),
        state("typing", When::received("chat:typing"), 0),
        state("typing shown", When::handled("chat:typing"), 0),
        state("in match: a text has arrived", When::received("chat:message"), 1),
        state("in match: a text is taken", When::handled("chat:message"), 1),
        state("in match: a text leaves", When::sending("chat:message"), 1),
        state("in match", When::sent("chat:message"), 1),
        state("voting: the question leaves", When::sending("vote:phase"), 0),
        state("voting: asked", When::sent("vote:phase"), 0),
        state("voting: the vote has arrived", When::received("vote:cast"), 0),
        state("voting: the vote is taken", When::handled("vote:cast"), 0),
        state("voting: the receipt leaves", When::sending("vote:ack"), 0),
        state("voted", When::sent("vote:ack"), 0),
        state("ended: the reveal leaves", When::sending("match:reveal"), 0),
        state("ended: revealed", When::sent("match:reveal"), 0),
        state("ended: the news leaves", When::sending("match:ended"), 0),
        state("ended", When::sent("match:ended"), 0),
    ]
}

fn direct_states() -> Vec<State> {
    vec![
        state("room: the wish has arrived", When::received("join"), 1),
        state("room: the answer leaves", When::sending("joined"), 1),
        state("room joined", When::sent("joined"), 1),
        state("a text leaves", When::sending("chat:message"), 0),
        state("a text was sent", When::sent("chat:message"), 0),
        state("the answer has arrived", When::received("chat:message"), 0),
        state("the answer is taken", When::handled("chat:message"), 0),
    ]
}

fn cells(seed: u64) -> Vec<Cell> {
    // A close in good order, one that announces a restart, and those that say that it is for good.
    let faults =
        faults(&[(1000, ""), (1001, "going away"), (1013, ""), (4001, "revoked"), (4000, "replaced")]);
    let scene = |scene, states: Vec<State>| product("botornot", scene, &states, &faults, seed);
    let mut cells = scene(RATED, states("match:request"));
    cells.extend(scene(HARNESS, states("match:test_request")));
    cells.extend(scene(DIRECT, direct_states()));
    cells
}

fn impossible(cell: &Cell) -> Option<&'static str> {
    let first_words = matches!(
        &cell.when,
        When::Received(kind) | When::Sending(kind)
            if cell.skip == 0 && ["join", "joined", "room:sync"].contains(&kind.as_str())
    );
    match cell.fault {
        Fault::Stale if first_words => Some("there is no earlier message that could come again"),
        _ => None,
    }
}

/// The faults that are final refusals, and the reason that the bot ends with.
fn final_refusal(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Unauthorized => Some("auth_rejected"),
        Fault::Forbidden => Some("rejected"),
        Fault::Close { code: 4001, .. } => Some("auth_rejected"),
        Fault::Close { code: 4000, .. } => Some("session_replaced"),
        _ => None,
    }
}

fn play(cell: Cell) -> std::pin::Pin<Box<dyn Future<Output = Told>>> {
    if cell.scene == DIRECT { boxed(speak(cell)) } else { boxed(chat(cell)) }
}

/// Faults that may cost a match, or its vote, because nothing that the bot could do would save it.
fn may_cost_a_match(fault: &Fault) -> bool {
    // The other side goes silent without a sign, or reads nothing while it speaks: that is noticed after up to 40 s, and a match
    // waits 30 s for who has to come.
    // What cannot be read is missed: the queue is asked after it 30 s later.
    matches!(
        fault,
        Fault::HalfOpen | Fault::Silence | Fault::StopReading | Fault::Binary | Fault::BrokenField { .. }
    )
}

/// What the bot wanted, as its books have it.
#[derive(Default)]
struct Wanted {
    /// In which match, and what: no text is said twice.
    texts: Vec<(String, String)>,
    failures: Vec<String>,
    reports: Vec<MatchReport>,
}

/// Opens each match with two texts, answers whatever is said, and takes everybody for an agent.
struct Talker(Arc<Mutex<Wanted>>);

impl Talker {
    fn text(&self, chat: &Chat) -> String {
        let mut wanted = self.0.lock().unwrap();
        let text = format!("text number {}", wanted.texts.len());
        wanted.texts.push((chat.match_id.to_string(), text.clone()));
        text
    }
}

impl Player for Talker {
    async fn on_match_start(&mut self, chat: &Chat) -> Result<Replies> {
        Ok(Replies::say(self.text(chat)).and_say(self.text(chat)))
    }

    async fn on_message(&mut self, chat: &Chat, _: &Line) -> Result<Replies> {
        Ok(Replies::say(self.text(chat)))
    }

    async fn vote(&mut self, _: &Chat, _: WhyVote) -> Result<Guess> {
        Ok(Guess::Agent)
    }

    fn on_failure(&mut self, failure: &PlayerFailure) {
        self.0.lock().unwrap().failures.push(failure.to_string());
    }
}

async fn chat(cell: Cell) -> Told {
    let mut told = Told::default();
    let sandbox = Sandbox::builder()
        .seed(cell.seed)
        .match_length(Duration::from_secs(90))
        .house_wait(Duration::from_secs(2))
        .house_chats(false)
        .house_votes(HouseVotes::At(Duration::from_secs(40)))
        .start()
        .await
        .expect("a port on loopback");
    let bot = sandbox.agents().first().expect("a ready-made agent").clone();
    let order = book(sandbox.faults(), cell.socket_orders(1, None));
    let client =
        Client::builder(bot.token).url(sandbox.url()).seed(cell.seed).build().expect("a valid client");
    let wanted: Arc<Mutex<Wanted>> = Arc::default();
    let run = client
        .play(Talker(wanted.clone()))
        .matches(MATCHES)
        .test_mode(cell.scene == HARNESS)
        .seed(cell.seed)
        .on_match({
            let wanted = wanted.clone();
            move |report| wanted.lock().unwrap().reports.push(report.clone())
        })
        .run();
    let ended = told.within(BOUND, run).await.map(|ended| ended.map_err(Error::from));
    told.injected = sandbox.faults().injected_by(order);
    let wanted = std::mem::take(&mut *wanted.lock().unwrap());
    if let Some(ended) = ended {
        let code = final_refusal(&cell.fault);
        told.expect_end(&ended, code);
        if let (Ok(summary), None) = (&ended, code)
            && (summary.matches != MATCHES || wanted.reports.len() != (MATCHES + summary.lost) as usize)
        {
            told.wrong.push(format!("it was to play {MATCHES} matches: {summary}"));
        }
        for record in &sandbox.matches() {
            check_match(&cell, record, &bot.handle, &wanted, ended.is_err(), &mut told);
        }
    }
    drop(client);
    sandbox.shutdown().await;
    told
}

fn check_match(
    cell: &Cell,
    record: &SandboxMatch,
    handle: &str,
    wanted: &Wanted,
    ended_early: bool,
    told: &mut Told,
) {
    let seat = record.seat_of(handle).expect("nobody else plays here");
    let me = record.players.get(seat);
    let report = wanted.reports.iter().find(|report| report.id.as_str() == record.id);
    let said: Vec<&str> = record.said_by(handle).collect();
    for (nth, text) in said.iter().enumerate() {
        if said.iter().take(nth).any(|earlier| earlier == text) {
            told.duplicated.push(format!("{text:?} was said twice"));
        }
    }
    for refusal in record.refusals.iter().filter(|refusal| refusal.from == seat) {
        told.wrong.push(format!("{} was refused: {}", refusal.event_type, refusal.reason));
    }
    if ended_early {
        return;
    }
    let may_cost = may_cost_a_match(&cell.fault);
    match (record.ended, me.vote, report) {
        // It was given up, and the bot says so.
        (Some(EndReason::NotJoined), ..) | (_, None, _) if may_cost => {}
        (None, ..) => told.lost.push(format!("the match {} was left open", record.id)),
        (Some(EndReason::NotJoined), ..) => {
            told.lost.push(format!("the match {} was not joined", record.id));
        }
        (_, None, _) => told.lost.push(format!("there is no vote in {}", record.id)),
        (_, _, None) => told.lost.push(format!("the match {} was not reported", record.id)),
        (_, Some(vote), Some(report)) => {
            let was_told = report.vote_counted || report.ending == Ending::Lost;
            if report.guess != Some(vote.guess) || !was_told {
                told.wrong.push(format!("the vote is {vote:?}, and it was reported as {report:?}"));
            }
        }
    }
    if cell.scene == HARNESS {
        // Its opponent goes on speaking, and then an answer is thought over again before it is said.
        return;
    }
    let unsaid = wanted.texts.iter().filter(|(id, text)| *id == record.id && !said.contains(&text.as_str()));
    let unsaid: Vec<&str> = unsaid.map(|(_, text)| text.as_str()).collect();
    // What was on its way when the connection went may have arrived, so it is not said again.
    if unsaid.len() > 1 && wanted.failures.is_empty() && !may_cost {
        told.lost.push(format!("{unsaid:?} were not said in {}", record.id));
    }
}

const QUESTIONS: usize = 3;

/// The owner asks in the bot's direct room, until three questions are answered. The bot answers each that it hears once.
async fn speak(cell: Cell) -> Told {
    let mut told = Told::default();
    let sandbox = Sandbox::builder().seed(cell.seed).start().await.expect("a port on loopback");
    let bot = sandbox.agents().first().expect("a ready-made agent").clone();
    let room = Room::direct(&bot.handle).expect("a handle");
    let build = |token: sdk_core::secret::Secret| {
        Client::builder(token).url(sandbox.url()).seed(cell.seed).build().expect("a valid client")
    };
    // The owner is connected first, so that the bot's dials can be counted.
    let (owner, mut heard) = build(sandbox.owner().token.clone()).connect().await.expect("the owner");
    let order = book(sandbox.faults(), cell.socket_orders(1, Some(&bot.handle)));
    let client = build(bot.token.clone());
    let answering = async {
        let (handle, mut events) = client.connect().await?;
        // A join that is cut off is the caller's to repeat.
        for _ in 0..5 {
            match handle.join(&room).await {
                Ok(_) => break,
                Err(error) if error.is_auth() => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_secs(5)).await,
            }
        }
        while let Some(event) = events.next().await {
            match event {
                Event::Push(push) if push.room == room => {
                    if let ServerEvent::Chat(chat) = &push.event
                        && let Some(question) = chat.body.strip_prefix("question ")
                    {
                        let said = handle.say(&room, format!("answer {question}")).await;
                        // The other side speaks and does not listen: nobody but the bot can know.
                        if said.is_err_and(|error| error.is_timeout()) {
                            handle.reconnect().await?;
                        }
                    }
                }
                Event::Closed { reason: Some(reason) } => return Err(reason),
                _ => {}
            }
        }
        Ok(())
    };
    let mut answers: Vec<String> = Vec::new();
    let mut questions = 0;
    let asking = async {
        let mut joined = false;
        while answers.len() < QUESTIONS && questions < 60 {
            // It cannot be joined while the bot is away; a question that nobody heard is put again, under a new number.
            joined = joined || owner.join(&room).await.is_ok();
            if joined {
                questions += 1;
                let message = ClientMessage::Chat { body: format!("question {questions}") };
                let _ = owner.send(&room, message).await;
            }
            let until = tokio::time::Instant::now() + Duration::from_secs(10);
            while let Ok(Some(event)) = tokio::time::timeout_at(until, heard.next()).await {
                if let Event::Push(push) = event
                    && let ServerEvent::Chat(chat) = &push.event
                    && let Some(answer) = chat.body.strip_prefix("answer ")
                {
                    answers.push(answer.to_owned());
                    break;
                }
            }
        }
    };
    let both = async {
        tokio::select! {
            ended = answering => Some(ended),
            () = asking => None,
        }
    };
    let ended = told.within(BOUND, both).await.flatten();
    told.injected = sandbox.faults().injected_by(order);
    let code = final_refusal(&cell.fault);
    match ended {
        Some(ended) => told.expect_end(&ended, code),
        None if code.is_some() => told.wrong.push("it went on after a final refusal".into()),
        None if answers.len() < QUESTIONS => {
            told.lost.push(format!("{} answers to {questions} questions", answers.len()))
        }
        None => {}
    }
    // A direct room's messages have no ids: what the platform says twice, it said twice.
    let asked_twice = matches!(cell.fault, Fault::Duplicate | Fault::Stale);
    for (nth, answer) in answers.iter().enumerate() {
        if !asked_twice && answers.iter().take(nth).any(|earlier| earlier == answer) {
            told.duplicated.push(format!("question {answer} was answered twice"));
        }
    }
    let _ = owner.close().await;
    drop((client, owner, heard));
    sandbox.shutdown().await;
    told
}
