//! Drives a player on the connection's own task: in place when it is quick, aside when it is not.
//!
//! One callback runs at a time. What it answers goes through the match's pacer; the vote, the deadlines and everything of
//! the connection are the state machine's.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use sdk_core::clock::Instant;
use sdk_core::dispatch::{caught, panicked};
use sdk_core::error::{Error, Result, codes};
use sdk_core::socket::{Consumer, Driver};
use tokio::time::Sleep;

use super::contract::Player;
use super::failure::{Asked, PlayerFailure};
use super::log_writer::LogWriter;
use super::match_log::{MatchLog, MatchRecord};
use super::news::News;
use super::pacing::{Pacer, PacerAction, PacerEvent, Pacing};
use super::play::OnMatch;
use super::replies::Replies;
use super::report::Summary;
use super::seal::SealTrend;
use super::table::Table;
use super::{Chat, Line};
use crate::live::{Event, Session};
use crate::model::{Guess, MatchId, Reveal};
use crate::state::{self, Ending, NotSent, Notice, SayOutcome, VotedBy, WhyVote, Wish};

/// How long after a match's end its reveal is waited for, when the platform turns the two around.
const REVEAL_GRACE: Duration = Duration::from_secs(2);
/// So many pieces of news may wait for a busy player; of more, the oldest that it can do without goes.
const MAX_NEWS: usize = 256;

/// The time, asked for at most once between two things that may take some: it costs as much as a small message.
#[derive(Default)]
struct Now(Option<Instant>);

impl Now {
    fn get(&mut self) -> Instant {
        *self.0.get_or_insert_with(Instant::now)
    }
}

enum Answered {
    Replies(Result<Replies>),
    Vote(Result<Guess>),
}

/// A question that the player thinks about.
struct Thinking {
    asked: Asked,
    /// When it is given up, because the vote is pressing.
    until: Option<Instant>,
    answer: Pin<Box<dyn Future<Output = Answered> + Send>>,
}

/// A match that has ended and whose reveal may still come.
struct Ended {
    table: Table,
    ending: Ending,
    lasted_until: Instant,
    due: Instant,
}

pub(super) struct Runner<P> {
    player: Arc<tokio::sync::Mutex<P>>,
    pacing: Pacing,
    speed: f64,
    seed: u64,
    table: Option<Table>,
    ended: Option<Ended>,
    seal: SealTrend,
    news: VecDeque<News>,
    thinking: Option<Thinking>,
    /// The player is to be asked for an answer, or an opening.
    wants_answer: bool,
    wants_vote: Option<(WhyVote, Instant)>,
    summary: Arc<Mutex<Summary>>,
    on_match: Option<OnMatch>,
    writer: Option<LogWriter>,
    timer: Option<Pin<Box<Sleep>>>,
    done: bool,
    /// What the pacer asks for, between two events: kept for its memory.
    paced: Vec<PacerAction>,
}

impl<P: Player> Runner<P> {
    pub(super) fn new(
        player: P,
        (pacing, speed): (Pacing, f64),
        seed: u64,
        on_match: Option<OnMatch>,
        log: Option<MatchLog>,
        summary: Arc<Mutex<Summary>>,
    ) -> Self {
        Self {
            player: Arc::new(tokio::sync::Mutex::new(player)),
            pacing,
            speed,
            seed,
            table: None,
            ended: None,
            seal: SealTrend::default(),
            news: VecDeque::new(),
            thinking: None,
            wants_answer: false,
            wants_vote: None,
            summary,
            on_match,
            writer: log.map(LogWriter::new),
            timer: None,
            done: false,
            paced: Vec::new(),
        }
    }

    // ---- what happens ---------------------------------------------------------------------------------------------

    fn on_notice(&mut self, notice: Notice, driver: &mut Driver<Session>, now: Instant) {
        match notice {
            Notice::MatchFound { match_id, source, resumed, .. } => {
                self.seed = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
                let pacer = Pacer::new(self.pacing.clone(), self.seed);
                self.table = Some(Table::new(match_id, source, resumed, pacer, self.speed));
            }
            Notice::MetaState(state) => {
                let news = self.seal.on_state(state);
                self.tell(News::Seal(news));
            }
            Notice::MetaDelta(delta) => {
                let news = self.seal.on_delta(delta);
                self.tell(News::Seal(news));
            }
            Notice::Leaderboard(board) => self.tell(News::Board(board)),
            Notice::Reveal { match_id, reveal } => self.on_reveal(&match_id, reveal, driver, now),
            Notice::MatchEnded { match_id, ending, .. } => {
                if self.table.as_ref().is_some_and(|table| table.id == match_id) {
                    self.end_match(ending, driver, now);
                }
            }
            Notice::Done => self.done = true,
            notice => self.on_match_notice(notice, driver, now),
        }
    }

    /// What happens in the match under way.
    fn on_match_notice(&mut self, notice: Notice, driver: &mut Driver<Session>, now: Instant) {
        let Some(table) = &mut self.table else { return };
        match notice {
            Notice::MatchJoined { match_id, .. } if match_id == table.id => {
                self.pace(PacerEvent::Connected(true), driver, now);
            }
            Notice::MatchStarted { match_id, ends_at, .. } if match_id == table.id => {
                table.begins(ends_at, now);
                self.pace(PacerEvent::EndsAt(ends_at), driver, now);
                self.pace(PacerEvent::Begin, driver, now);
            }
            Notice::EndsAt { match_id, ends_at } if match_id == table.id => {
                table.ends(ends_at);
                self.pace(PacerEvent::EndsAt(ends_at), driver, now);
            }
            Notice::Chat { match_id, own, message, .. } if match_id == table.id => {
                if own {
                    table.echoed(message.body, now);
                } else {
                    table.heard(message.body, now);
                    self.pace(PacerEvent::Heard, driver, now);
                }
            }
            Notice::Typing { match_id, typing } if match_id == table.id => {
                let chat = table.chat(now);
                self.pace(PacerEvent::OpponentTyping(typing), driver, now);
                self.tell(News::Typing(chat, typing));
            }
            Notice::ChatLocked { match_id, locked } if match_id == table.id => {
                table.locked = locked;
                self.pace(PacerEvent::Locked(locked), driver, now);
            }
            Notice::VotePhase { match_id, .. } if match_id == table.id => table.voting = true,
            Notice::VoteWanted { match_id, why, decide_by } if match_id == table.id => {
                self.wants_vote = Some((why, decide_by));
                if let Some(thinking) =
                    self.thinking.as_mut().filter(|thinking| thinking.asked != Asked::Vote)
                {
                    // An answer may take half of the time that is left for the vote.
                    let left = decide_by.saturating_duration_since(now);
                    thinking.until.get_or_insert(now + left / 2);
                }
            }
            Notice::VoteCast { match_id, guess, by } if match_id == table.id => {
                let is_news = !table.has_voted();
                table.votes(guess, by, now);
                if is_news && by != VotedBy::Bot {
                    self.voted_in_its_place(by);
                }
            }
            Notice::VoteCounted { match_id, .. } if match_id == table.id => table.vote_counted = true,
            Notice::VoteRefused { match_id, reason, retried } if match_id == table.id => {
                tracing::warn!(%reason, retried, "the vote was refused");
            }
            Notice::Said { match_id, say, outcome } if match_id == table.id => {
                table.told(say, &outcome);
                self.pace(PacerEvent::Outcome(say, outcome), driver, now);
            }
            _ => {}
        }
    }

    fn on_reveal(&mut self, id: &MatchId, reveal: Reveal, driver: &mut Driver<Session>, now: Instant) {
        if let Some(table) = self.table.as_mut().filter(|table| table.id == *id) {
            table.is_over();
            let chat = table.chat(now);
            table.reveal = Some(reveal.clone());
            self.pace(PacerEvent::Over, driver, now);
            self.wants_vote = None;
            self.tell(News::Reveal(chat, reveal));
        } else if let Some(ended) = self.ended.as_mut().filter(|ended| ended.table.id == *id) {
            let chat = ended.table.chat(now);
            ended.table.reveal = Some(reveal.clone());
            self.tell(News::Reveal(chat, reveal));
            self.report_ended();
        }
    }

    fn voted_in_its_place(&mut self, by: VotedBy) {
        self.wants_vote = None;
        let was_asked = self.thinking.take_if(|thinking| thinking.asked == Asked::Vote).is_some();
        tracing::warn!(
            "the vote was cast in the player's place{}",
            if by == VotedBy::Leaning { ", as it leaned" } else { ", by the fallback" }
        );
        if was_asked {
            self.failed(Asked::Vote, too_slow());
        }
    }

    /// The match is over: what the player still thinks about it is dropped.
    fn end_match(&mut self, ending: Ending, driver: &mut Driver<Session>, now: Instant) {
        self.pace(PacerEvent::Over, driver, now);
        self.thinking = None;
        self.wants_answer = false;
        self.wants_vote = None;
        let Some(mut table) = self.table.take() else { return };
        table.is_over();
        self.report_ended();
        let is_revealed = table.reveal.is_some() || ending == Ending::Lost;
        self.ended = Some(Ended { table, ending, lasted_until: now, due: now + REVEAL_GRACE });
        if is_revealed {
            self.report_ended();
        }
    }

    /// Nothing more is waited for.
    fn report_ended(&mut self) {
        let Some(mut ended) = self.ended.take() else { return };
        let report = ended.table.report(ended.ending, ended.lasted_until);
        self.summary.lock().unwrap_or_else(PoisonError::into_inner).add(&report);
        if let Some(writer) = &mut self.writer {
            writer.write(MatchRecord::of(&report));
        }
        if let Some(callback) = &mut self.on_match
            && let Err(payload) = catch_unwind(AssertUnwindSafe(|| callback(&report)))
        {
            tracing::error!(error = %panicked(&*payload), "the callback for matches failed");
        }
        self.tell(News::End(Box::new(report)));
    }

    // ---- the pace -------------------------------------------------------------------------------------------------

    fn pace(&mut self, event: PacerEvent, driver: &mut Driver<Session>, now: Instant) {
        let Some(table) = &mut self.table else { return };
        let mut actions = std::mem::take(&mut self.paced);
        table.pacer.handle_into(event, now, &mut actions);
        let match_id = table.id.clone();
        for action in actions.drain(..) {
            match action {
                PacerAction::Ask => self.wants_answer = true,
                PacerAction::Withdraw => {
                    self.wants_answer = false;
                    self.thinking.take_if(|thinking| thinking.asked != Asked::Vote);
                }
                PacerAction::Typing(typing) => {
                    wish(driver, Wish::Typing { match_id: match_id.clone(), typing }, now);
                }
                PacerAction::Say(say, body) => {
                    if let Some(table) = &mut self.table {
                        table.says(say, &body, now);
                    }
                    wish(driver, Wish::Say { match_id: match_id.clone(), say, body }, now);
                }
                PacerAction::Unsaid(_, SayOutcome::NotSent(NotSent::ChatLocked | NotSent::MatchOver)) => {}
                PacerAction::Unsaid(_, outcome) => self.failed(Asked::Saying, unsaid(&outcome)),
            }
        }
        self.paced = actions;
    }

    // ---- the player -----------------------------------------------------------------------------------------------

    fn tell(&mut self, news: News) {
        if matches!(news, News::Typing(..)) {
            self.news.retain(|waiting| !matches!(waiting, News::Typing(..)));
        }
        if self.news.len() >= MAX_NEWS {
            let at = self.news.iter().position(|waiting| !matches!(waiting, News::Reveal(..) | News::End(_)));
            self.news.remove(at.unwrap_or_default());
        }
        self.news.push_back(news);
    }

    fn failed(&mut self, during: Asked, cause: Error) {
        let match_id = self.table.as_mut().map(|table| {
            table.failures += 1;
            table.id.clone()
        });
        let failure = PlayerFailure { match_id, during, cause };
        tracing::error!("{failure}");
        self.tell(News::Failure(failure));
    }

    /// Puts the most pressing question to the player, if it is free. Whether there was one.
    fn ask(&mut self, now: &mut Now) -> bool {
        if self.thinking.is_some() || !(self.wants_answer || self.wants_vote.is_some()) {
            return false;
        }
        let Some(table) = &mut self.table else { return false };
        let player = self.player.clone();
        let chat = table.chat(now.get());
        if let Some((why, _)) = self.wants_vote.take() {
            let vote = async move { player.lock().await.vote(&chat, why).await };
            let answer = async move { Answered::Vote(caught(vote).await.and_then(|vote| vote)) };
            self.thinking = Some(Thinking { asked: Asked::Vote, until: None, answer: Box::pin(answer) });
            return true;
        }
        self.wants_answer = false;
        let opening = std::mem::take(&mut table.opening);
        let heard = table.last_heard().cloned();
        let (asked, line) = match heard {
            Some(line) if !opening || !chat.transcript.unanswered().is_empty() => (Asked::Answer, Some(line)),
            _ => (Asked::Opening, None),
        };
        let replies = answer(player, chat, opening, line);
        let answer = async move { Answered::Replies(caught(replies).await.and_then(|replies| replies)) };
        self.thinking = Some(Thinking { asked, until: None, answer: Box::pin(answer) });
        true
    }

    fn on_answered(&mut self, asked: Asked, answered: Answered, driver: &mut Driver<Session>, now: Instant) {
        let match_id = self.table.as_ref().map(|table| table.id.clone());
        match answered {
            Answered::Vote(Ok(guess)) => {
                self.wants_vote = None;
                if let Some(match_id) = match_id {
                    wish(driver, Wish::Vote { match_id, guess }, now);
                }
            }
            Answered::Vote(Err(cause)) => self.failed(asked, cause),
            Answered::Replies(Ok(replies)) => {
                if let (Some(guess), Some(match_id)) = (replies.vote(), match_id) {
                    wish(driver, Wish::Vote { match_id, guess }, now);
                    self.wants_vote = None;
                }
                self.pace(PacerEvent::Answer(replies.into_texts()), driver, now);
            }
            Answered::Replies(Err(cause)) => {
                self.failed(asked, cause);
                self.pace(PacerEvent::Answer(Vec::new()), driver, now);
            }
        }
    }

    /// Gives the player what it is to be told, while it is free.
    fn deliver(&mut self, now: &mut Now) -> bool {
        if self.thinking.is_some() || self.news.is_empty() {
            return false;
        }
        // Only a question holds it, and there is none.
        let Ok(mut player) = self.player.clone().try_lock_owned() else { return false };
        let Some(news) = self.news.pop_front() else { return false };
        let is_failure = matches!(news, News::Failure(_));
        let told = catch_unwind(AssertUnwindSafe(|| news.tell(&mut *player)));
        drop(player);
        *now = Now::default();
        if let Err(payload) = told {
            let cause = panicked(&*payload);
            if is_failure {
                // A report that fails is not reported in its turn: that would go on for ever.
                tracing::error!(error = %cause, "the callback that reports failures failed");
            } else {
                self.failed(Asked::Told, cause);
            }
        }
        true
    }

    // ---- going on -------------------------------------------------------------------------------------------------

    /// Does everything that can be done now.
    fn advance(&mut self, driver: &mut Driver<Session>, cx: &mut Context<'_>, mut now: Now) {
        loop {
            let mut busy = self.think(driver, cx, &mut now);
            busy |= self.deliver(&mut now);
            busy |= self.ask(&mut now);
            self.tell_leaning(driver, cx, &mut now);
            let paced = self.table.as_ref().and_then(|table| table.pacer.next_deadline());
            if paced.is_some_and(|at| at <= now.get()) {
                self.pace(PacerEvent::Tick, driver, now.get());
                busy = true;
            }
            if self.ended.as_ref().is_some_and(|ended| ended.due <= now.get()) {
                self.report_ended();
                busy = true;
            }
            busy |= self.write(cx);
            if !busy {
                if self.poll_timer(cx).is_pending() {
                    break;
                }
                now = Now::default();
            }
        }
        if self.done && self.is_settled() {
            self.done = false;
            driver.close();
        }
    }

    fn think(&mut self, driver: &mut Driver<Session>, cx: &mut Context<'_>, now: &mut Now) -> bool {
        let Some(thinking) = &mut self.thinking else { return false };
        let answered = thinking.answer.as_mut().poll(cx);
        *now = Now::default();
        if let Poll::Ready(answered) = answered {
            let asked = thinking.asked;
            self.thinking = None;
            // Where it leaned while it thought counts for what it decided.
            self.tell_leaning(driver, cx, now);
            self.on_answered(asked, answered, driver, now.get());
            return true;
        }
        if thinking.until.is_some_and(|until| until <= now.get()) {
            let asked = thinking.asked;
            self.thinking = None;
            self.failed(asked, too_slow());
            // The answer is asked for again after the vote.
            self.wants_answer = true;
            return true;
        }
        false
    }

    fn tell_leaning(&mut self, driver: &mut Driver<Session>, cx: &mut Context<'_>, now: &mut Now) {
        let Some(table) = &mut self.table else { return };
        if self.thinking.is_some() {
            // It may lean on another thread.
            table.leaning.watch(cx.waker());
        }
        let guess = table.leaning.get().map(|lean| lean.guess);
        if let Some(guess) = guess.filter(|guess| table.leaning_told != Some(*guess)) {
            table.leaning_told = Some(guess);
            wish(driver, Wish::Lean { match_id: table.id.clone(), guess }, now.get());
        }
    }

    /// Whether a match was written, or could not be.
    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(writer) = &mut self.writer else { return false };
        let Poll::Ready(written) = writer.poll(cx) else { return false };
        if let Err(error) = written {
            tracing::error!(error = %error.chain(), "a match is missing in the log");
            let mut summary = self.summary.lock().unwrap_or_else(PoisonError::into_inner);
            summary.log_failed.get_or_insert_with(|| error.chain().into());
        }
        true
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let pacer = self.table.as_ref().and_then(|table| table.pacer.next_deadline());
        let until = self.thinking.as_ref().and_then(|thinking| thinking.until);
        let reveal = self.ended.as_ref().map(|ended| ended.due);
        let Some(at) = [pacer, until, reveal].into_iter().flatten().min() else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(cx)
    }

    /// Whether nothing of the matches that ended is left to do.
    fn is_settled(&self) -> bool {
        self.thinking.is_none()
            && self.news.is_empty()
            && self.ended.is_none()
            && self.writer.as_ref().is_none_or(LogWriter::is_idle)
    }
}

/// Asks the player for an answer; when the opponent was quicker than the match's opening, for the opening first.
async fn answer<P: Player>(
    player: Arc<tokio::sync::Mutex<P>>,
    chat: Chat,
    opening: bool,
    line: Option<Line>,
) -> Result<Replies> {
    let mut player = player.lock().await;
    let opened = if opening { player.on_match_start(&chat).await } else { Ok(Replies::none()) };
    match line {
        // What it would have opened with is out of date.
        Some(line) => {
            if let Err(error) = &opened {
                tracing::error!(error = %error.chain(), "the player failed to open the match");
            }
            player.on_message(&chat, &line).await
        }
        None => opened,
    }
}

fn wish(driver: &mut Driver<Session>, wish: Wish, now: Instant) {
    driver.act(|session, cx| session.feed_at(state::Event::Wish(wish), now, cx));
}

fn too_slow() -> Error {
    Error::new(&codes::HANDLER_FAILED, "it has not decided in time")
}

fn unsaid(outcome: &SayOutcome) -> Error {
    let what = match outcome {
        SayOutcome::Refused(reason) => format!("the platform did not take a text: {reason}"),
        SayOutcome::NotSent(NotSent::Empty) => "a text is empty".to_owned(),
        _ => "a text could not be sent".to_owned(),
    };
    let error = Error::new(&codes::HANDLER_FAILED, what);
    match outcome {
        SayOutcome::Refused(reason) => error.with_platform_code(reason.as_str()),
        _ => error,
    }
}

impl<P: Player> Consumer<Session> for Runner<P> {
    fn on_event(&mut self, event: Event, driver: &mut Driver<Session>, cx: &mut Context<'_>) {
        let now = Instant::now();
        match event {
            Event::Notice(notice) => self.on_notice(notice, driver, now),
            Event::Disconnected { .. } => self.pace(PacerEvent::Connected(false), driver, now),
            Event::HandlerBlocked { took } => {
                tracing::warn!(?took, "the player keeps its thread busy: declare it blocking");
            }
            Event::Refused(error) | Event::DecodeError(error) => {
                tracing::warn!(error = %error, "the platform said something that nobody waits for");
            }
            _ => return,
        }
        self.advance(driver, cx, Now(Some(now)));
    }

    fn poll(&mut self, driver: &mut Driver<Session>, cx: &mut Context<'_>) {
        self.advance(driver, cx, Now::default());
    }

    fn is_idle(&self) -> bool {
        self.is_settled()
    }

    fn on_end(&mut self, _: &Result<()>) {
        self.thinking = None;
        self.report_ended();
        if let Some(mut table) = self.table.take() {
            table.is_over();
            let now = Instant::now();
            let ending = if table.reveal.is_some() { Ending::Ended } else { Ending::Lost };
            self.ended = Some(Ended { table, ending, lasted_until: now, due: now });
            self.report_ended();
        }
    }
}
