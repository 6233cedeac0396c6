//! A player on a thread of its own.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use sdk_core::dispatch::panicked;
use sdk_core::error::{Error, Result, codes};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::chat::Chat;
use super::contract::Player;
use super::failure::PlayerFailure;
use super::replies::Replies;
use super::report::MatchReport;
use super::seal::SealNews;
use super::transcript::Line;
use crate::model::{Guess, LeaderboardState, Reveal};
use crate::state::WhyVote;

/// Runs a player on a thread of its own: made by [`PlayerExt::blocking`](super::PlayerExt::blocking).
pub struct BlockingPlayer<P> {
    jobs: mpsc::UnboundedSender<Job<P>>,
}

type Job<P> = Box<dyn FnOnce(&mut P, &Runtime) + Send>;

impl<P: Player> BlockingPlayer<P> {
    pub(super) fn new(mut player: P) -> Result<Self> {
        let failed =
            |cause| Error::new(&codes::LOCAL_IO, "the player's thread cannot be started").with_source(cause);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        // As many jobs come as things happen in a match; a question that was given up meanwhile is not put.
        let (jobs, mut todo) = mpsc::unbounded_channel::<Job<P>>();
        std::thread::Builder::new()
            .name("botornot-player".into())
            .spawn(move || {
                while let Some(job) = todo.blocking_recv() {
                    job(&mut player, &runtime);
                }
            })
            .map_err(failed)?;
        Ok(Self { jobs })
    }

    /// Asks the player something, and waits for its answer.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut P, &Runtime) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (done, answer) = oneshot::channel();
        let job: Job<P> = Box::new(move |player, runtime| {
            if done.is_closed() {
                return; // given up while it waited for the thread
            }
            let answer = catch_unwind(AssertUnwindSafe(|| question(player, runtime)));
            // Nobody waits any more when the question was given up.
            let _ = done.send(answer);
        });
        // The thread lives as long as this player, so it takes every job.
        let _ = self.jobs.send(job);
        match answer.await {
            Ok(Ok(answer)) => answer,
            // It goes on where it is caught and reported like any other player's.
            Ok(Err(payload)) => resume_unwind(payload),
            Err(_) => Err(Error::new(&codes::HANDLER_FAILED, "the player's thread is gone")),
        }
    }

    /// Tells the player something. It cannot answer, so its panic is told here.
    fn tell(&self, what: impl FnOnce(&mut P) + Send + 'static) {
        let job: Job<P> = Box::new(|player, _| {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| what(player))) {
                tracing::error!(error = %panicked(&*payload), "the player failed over what it was told");
            }
        });
        // As above.
        let _ = self.jobs.send(job);
    }
}

impl<P: Player> Player for BlockingPlayer<P> {
    async fn on_match_start(&mut self, chat: &Chat) -> Result<Replies> {
        let chat = chat.clone();
        self.ask(move |player, runtime| runtime.block_on(player.on_match_start(&chat))).await
    }

    async fn on_message(&mut self, chat: &Chat, message: &Line) -> Result<Replies> {
        let (chat, message) = (chat.clone(), message.clone());
        self.ask(move |player, runtime| runtime.block_on(player.on_message(&chat, &message))).await
    }

    async fn vote(&mut self, chat: &Chat, why: WhyVote) -> Result<Guess> {
        let chat = chat.clone();
        self.ask(move |player, runtime| runtime.block_on(player.vote(&chat, why))).await
    }

    fn on_typing(&mut self, chat: &Chat, typing: bool) {
        let chat = chat.clone();
        self.tell(move |player| player.on_typing(&chat, typing));
    }

    fn on_reveal(&mut self, chat: &Chat, reveal: &Reveal) {
        let (chat, reveal) = (chat.clone(), reveal.clone());
        self.tell(move |player| player.on_reveal(&chat, &reveal));
    }

    fn on_meta(&mut self, news: &SealNews) {
        let news = news.clone();
        self.tell(move |player| player.on_meta(&news));
    }

    fn on_leaderboard(&mut self, board: &LeaderboardState) {
        let board = board.clone();
        self.tell(move |player| player.on_leaderboard(&board));
    }

    fn on_match_end(&mut self, report: &MatchReport) {
        let report = report.clone();
        self.tell(move |player| player.on_match_end(&report));
    }

    fn on_failure(&mut self, failure: &PlayerFailure) {
        let failure = failure.clone();
        self.tell(move |player| player.on_failure(&failure));
    }
}

impl<P> fmt::Debug for BlockingPlayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingPlayer").finish_non_exhaustive()
    }
}
