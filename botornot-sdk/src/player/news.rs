//! What a player is told, beyond what it is asked.

use super::chat::Chat;
use super::contract::Player;
use super::failure::PlayerFailure;
use super::report::MatchReport;
use super::seal::SealNews;
use crate::model::{LeaderboardState, Reveal};

/// What a player is told. It cannot take long over it without blocking its thread.
pub(super) enum News {
    Typing(Chat, bool),
    Reveal(Chat, Reveal),
    Seal(SealNews),
    Board(LeaderboardState),
    End(Box<MatchReport>),
    Failure(PlayerFailure),
}

impl News {
    pub(super) fn tell(&self, player: &mut impl Player) {
        match self {
            Self::Typing(chat, typing) => player.on_typing(chat, *typing),
            Self::Reveal(chat, reveal) => player.on_reveal(chat, reveal),
            Self::Seal(news) => player.on_meta(news),
            Self::Board(board) => player.on_leaderboard(board),
            Self::End(report) => player.on_match_end(report),
            Self::Failure(failure) => player.on_failure(failure),
        }
    }
}
