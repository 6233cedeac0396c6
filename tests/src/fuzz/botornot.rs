//! BotOrNot: frames, the state of a match, what a player keeps.

use botornot_sdk::model::{ClientFrame, Reason, Room, ServerFrame, check_chat};
use botornot_sdk::player::{MatchRecord, Notebook, TooLong, fit};
use botornot_sdk::sdk_core::clock::Clock;
use botornot_sdk::state::{Event, Machine, Settings};

/// Takes bytes as what a server sends, a frame a line, and as everything else that is read from outside. Nothing panics, and what
/// the crate says of itself holds.
pub fn botornot(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let clock = Clock::paused();
    let mut machine = Machine::new(Settings::default());
    machine.handle(Event::Opened, clock.now());
    machine.handle(Event::Joined { room: Room::lobby() }, clock.now());
    for line in text.lines() {
        let frame = ServerFrame::decode(&line.into());
        if let Err(error) = &frame {
            assert!(!error.to_string().is_empty());
        }
        if let Ok(ServerFrame::Push(push)) = frame {
            let _ = push.room.kind();
            machine.handle(Event::Pushed { push, wall: None }, clock.now());
            machine.handle(Event::Tick, clock.now());
        }
        if let Ok(frame) = ClientFrame::decode(line) {
            let _ = frame.message();
        }
        let _ = Reason::read(line);
        let _ = Room::from(line).check();
        check_pieces(line);
    }
    let _: Result<MatchRecord, _> = serde_json::from_slice(data);
    let _: Result<Notebook, _> = serde_json::from_slice(data);
}

/// A text that is cut is cut into pieces that can be sent.
fn check_pieces(text: &str) {
    const MOST: usize = 20;
    for how in [TooLong::Split, TooLong::Shorten] {
        for piece in fit(text, MOST, how) {
            assert!(piece.chars().count() <= MOST, "{text:?} gave {piece:?}");
            assert!(check_chat(&piece, MOST).is_ok(), "{text:?} gave {piece:?}");
        }
    }
}
