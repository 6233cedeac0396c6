//! A player on a thread of its own.

use std::fmt;

use sdk_core::error::Result;
use sdk_core::own_thread::OwnThread;

use super::chat::Chat;
use super::contract::Player;
use super::failure::PlayerFailure;
use super::replies::Replies;
use super::report::MatchReport;
use super::seal::SealNews;
use super::transcript::Line;
use crate::model::{Guess, LeaderboardState, Reveal};
use crate::state::WhyVote;

/// Runs a player on a thread of its own, which begins with the first match: made by
/// [`PlayerExt::blocking`](super::PlayerExt::blocking).
pub struct BlockingPlayer<P> {
    thread: OwnThread<P>,
}

impl<P: Player> BlockingPlayer<P> {
    pub(super) fn new(player: P) -> Self {
        Self { thread: OwnThread::new("player", player) }
    }
}

impl<P: Player> Player for BlockingPlayer<P> {
    async fn on_match_start(&mut self, chat: &Chat) -> Result<Replies> {
        let chat = chat.clone();
        self.thread.ask(move |player, runtime| runtime.block_on(player.on_match_start(&chat))).await?
    }

    async fn on_message(&mut self, chat: &Chat, message: &Line) -> Result<Replies> {
        let (chat, message) = (chat.clone(), message.clone());
        self.thread.ask(move |player, runtime| runtime.block_on(player.on_message(&chat, &message))).await?
    }

    async fn vote(&mut self, chat: &Chat, why: WhyVote) -> Result<Guess> {
        let chat = chat.clone();
        self.thread.ask(move |player, runtime| runtime.block_on(player.vote(&chat, why))).await?
    }

    fn on_typing(&mut self, chat: &Chat, typing: bool) {
        let chat = chat.clone();
        self.thread.tell(move |player, _| player.on_typing(&chat, typing));
    }

    fn on_reveal(&mut self, chat: &Chat, reveal: &Reveal) {
        let (chat, reveal) = (chat.clone(), reveal.clone());
        self.thread.tell(move |player, _| player.on_reveal(&chat, &reveal));
    }

    fn on_meta(&mut self, news: &SealNews) {
        let news = news.clone();
        self.thread.tell(move |player, _| player.on_meta(&news));
    }

    fn on_leaderboard(&mut self, board: &LeaderboardState) {
        let board = board.clone();
        self.thread.tell(move |player, _| player.on_leaderboard(&board));
    }

    fn on_match_end(&mut self, report: &MatchReport) {
        let report = report.clone();
        self.thread.tell(move |player, _| player.on_match_end(&report));
    }

    fn on_failure(&mut self, failure: &PlayerFailure) {
        let failure = failure.clone();
        self.thread.tell(move |player, _| player.on_failure(&failure));
    }
}

impl<P> fmt::Debug for BlockingPlayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingPlayer").finish_non_exhaustive()
    }
}
