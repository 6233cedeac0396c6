//! The player: what a bot's author writes.

use std::fmt;
use std::future::ready;

use sdk_core::dispatch::BoxFuture;
use sdk_core::error::Result;

use super::blocking::BlockingPlayer;
use super::chat::Chat;
use super::failure::PlayerFailure;
use super::replies::Replies;
use super::report::MatchReport;
use super::seal::SealNews;
use super::transcript::Line;
use crate::model::{Guess, LeaderboardState, Reveal};
use crate::state::WhyVote;

/// Chats and votes. Everything else is done for it: the connection, rooms, queue, pace, limits and deadlines.
///
/// Two callbacks must be written, the others do nothing by themselves. One callback runs at a time, in the order in which
/// things happen; however slow it is, the connection goes on, and the match is voted in time.
///
/// ```
/// use botornot_sdk::player::{Chat, Line, Player, Replies};
/// use botornot_sdk::state::WhyVote;
/// use botornot_sdk::{Guess, Result};
///
/// struct Agreeable;
///
/// impl Player for Agreeable {
///     async fn on_message(&mut self, _: &Chat, message: &Line) -> Result<Replies> {
///         Ok(if message.text.ends_with('?') { "haha yes".into() } else { Replies::none() })
///     }
///
///     async fn vote(&mut self, chat: &Chat, _: WhyVote) -> Result<Guess> {
///         let essays = chat.transcript.lines().iter().any(|line| line.text.len() > 200);
///         Ok(if essays { Guess::Agent } else { Guess::Human })
///     }
/// }
/// ```
///
/// A callback that fails or panics is reported ([`on_failure`](Self::on_failure)), and costs its answer alone. One that
/// keeps its thread busy for long is to be declared with [`PlayerExt::blocking`].
pub trait Player: Send + 'static {
    /// A match began. What is returned opens the chat.
    ///
    /// # Errors
    /// Whatever keeps it from deciding; it is reported, and nothing is said.
    ///
    /// # Cancel safety
    /// As [`on_message`](Self::on_message).
    fn on_match_start(&mut self, chat: &Chat) -> impl Future<Output = Result<Replies>> + Send {
        let _ = chat;
        ready(Ok(Replies::none()))
    }

    /// The opponent said something. When it said several things in quick succession, this is called once, with the last of
    /// them; [`unanswered`](super::Transcript::unanswered) has them all.
    ///
    /// # Errors
    /// Whatever keeps it from deciding; it is reported, and nothing is said.
    ///
    /// # Cancel safety
    /// The future is dropped when the opponent goes on speaking (it is asked again then), when chatting is locked, when the
    /// vote is pressing, and when the match ends.
    fn on_message(&mut self, chat: &Chat, message: &Line) -> impl Future<Output = Result<Replies>> + Send;

    /// What the opponent is. It is asked for when the opponent has voted, when the end is near, and when the platform waits
    /// for nothing else. A vote can be given without being asked, too: [`Replies::voting`].
    ///
    /// # Errors
    /// Whatever keeps it from deciding; it is reported. It is asked again for a more pressing reason; if none comes, the
    /// vote is cast in its place, as it last [leaned](Chat::lean).
    ///
    /// # Cancel safety
    /// The future is dropped when the vote was cast in its place, and when the match ends.
    fn vote(&mut self, chat: &Chat, why: WhyVote) -> impl Future<Output = Result<Guess>> + Send;

    /// The opponent types, or stopped. Beyond the spec.
    fn on_typing(&mut self, chat: &Chat, typing: bool) {
        let _ = (chat, typing);
    }

    /// The platform says who the opponent was.
    fn on_reveal(&mut self, chat: &Chat, reveal: &Reveal) {
        let _ = (chat, reveal);
    }

    /// News of how well agents pass, with the trend: the place to switch to another mode.
    fn on_meta(&mut self, news: &SealNews) {
        let _ = news;
    }

    /// The leaderboard.
    fn on_leaderboard(&mut self, board: &LeaderboardState) {
        let _ = board;
    }

    /// A match is over and its reveal, if any, is in.
    fn on_match_end(&mut self, report: &MatchReport) {
        let _ = report;
    }

    /// A callback of this player failed, panicked or was too slow, or a text of its could not be said.
    fn on_failure(&mut self, failure: &PlayerFailure) {
        let _ = failure;
    }
}

/// What every player can be turned into.
pub trait PlayerExt: Player + Sized {
    /// For a player that blocks its thread (a model of its own, a blocking call): it runs on a thread of its own, and the
    /// connection never waits for it. What it decides too late is dropped.
    ///
    /// ```
    /// use botornot_sdk::player::{Persona, PlayerExt};
    ///
    /// let player = Persona::new(1).blocking();
    /// ```
    fn blocking(self) -> BlockingPlayer<Self> {
        BlockingPlayer::new(self)
    }

    /// A player whose type is known only at run time.
    fn boxed(self) -> BoxedPlayer {
        BoxedPlayer(Box::new(self))
    }
}

impl<P: Player> PlayerExt for P {}

/// A player whose type is chosen at run time.
///
/// ```
/// use botornot_sdk::player::{BoxedPlayer, Persona, PlayerExt};
///
/// fn pick(name: &str) -> BoxedPlayer {
///     match name {
///         "seventh" => Persona::new(7).boxed(),
///         _ => Persona::new(1).boxed(),
///     }
/// }
/// ```
pub struct BoxedPlayer(Box<dyn DynPlayer>);

/// [`Player`] with boxed futures, so that it can be a trait object.
trait DynPlayer: Send + 'static {
    fn on_match_start<'a>(&'a mut self, chat: &'a Chat) -> BoxFuture<'a, Result<Replies>>;
    fn on_message<'a>(&'a mut self, chat: &'a Chat, message: &'a Line) -> BoxFuture<'a, Result<Replies>>;
    fn vote<'a>(&'a mut self, chat: &'a Chat, why: WhyVote) -> BoxFuture<'a, Result<Guess>>;
    fn on_typing(&mut self, chat: &Chat, typing: bool);
    fn on_reveal(&mut self, chat: &Chat, reveal: &Reveal);
    fn on_meta(&mut self, news: &SealNews);
    fn on_leaderboard(&mut self, board: &LeaderboardState);
    fn on_match_end(&mut self, report: &MatchReport);
    fn on_failure(&mut self, failure: &PlayerFailure);
}

impl<P: Player> DynPlayer for P {
    fn on_match_start<'a>(&'a mut self, chat: &'a Chat) -> BoxFuture<'a, Result<Replies>> {
        Box::pin(Player::on_match_start(self, chat))
    }

    fn on_message<'a>(&'a mut self, chat: &'a Chat, message: &'a Line) -> BoxFuture<'a, Result<Replies>> {
        Box::pin(Player::on_message(self, chat, message))
    }

    fn vote<'a>(&'a mut self, chat: &'a Chat, why: WhyVote) -> BoxFuture<'a, Result<Guess>> {
        Box::pin(Player::vote(self, chat, why))
    }

    fn on_typing(&mut self, chat: &Chat, typing: bool) {
        Player::on_typing(self, chat, typing);
    }

    fn on_reveal(&mut self, chat: &Chat, reveal: &Reveal) {
        Player::on_reveal(self, chat, reveal);
    }

    fn on_meta(&mut self, news: &SealNews) {
        Player::on_meta(self, news);
    }

    fn on_leaderboard(&mut self, board: &LeaderboardState) {
        Player::on_leaderboard(self, board);
    }

    fn on_match_end(&mut self, report: &MatchReport) {
        Player::on_match_end(self, report);
    }

    fn on_failure(&mut self, failure: &PlayerFailure) {
        Player::on_failure(self, failure);
    }
}

impl Player for BoxedPlayer {
    async fn on_match_start(&mut self, chat: &Chat) -> Result<Replies> {
        self.0.on_match_start(chat).await
    }

    async fn on_message(&mut self, chat: &Chat, message: &Line) -> Result<Replies> {
        self.0.on_message(chat, message).await
    }

    async fn vote(&mut self, chat: &Chat, why: WhyVote) -> Result<Guess> {
        self.0.vote(chat, why).await
    }

    fn on_typing(&mut self, chat: &Chat, typing: bool) {
        self.0.on_typing(chat, typing);
    }

    fn on_reveal(&mut self, chat: &Chat, reveal: &Reveal) {
        self.0.on_reveal(chat, reveal);
    }

    fn on_meta(&mut self, news: &SealNews) {
        self.0.on_meta(news);
    }

    fn on_leaderboard(&mut self, board: &LeaderboardState) {
        self.0.on_leaderboard(board);
    }

    fn on_match_end(&mut self, report: &MatchReport) {
        self.0.on_match_end(report);
    }

    fn on_failure(&mut self, failure: &PlayerFailure) {
        self.0.on_failure(failure);
    }
}

impl fmt::Debug for BoxedPlayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxedPlayer").finish_non_exhaustive()
    }
}
