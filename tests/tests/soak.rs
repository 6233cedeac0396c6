//! The soak in short, as the program that does the long one: a virtual day of each platform with random faults.
#![allow(clippy::print_stdout, reason = "these are tests")]

use std::process::Command;

#[test]
fn a_day_with_faults_leaves_memory_sockets_and_tasks_as_they_were() {
    let soak = Command::new(env!("CARGO_BIN_EXE_soak")).args(["--days", "1"]).output();
    let soak = soak.expect("the program is built with this test");
    let (told, errors) = (String::from_utf8_lossy(&soak.stdout), String::from_utf8_lossy(&soak.stderr));
    println!("{told}");
    assert!(soak.status.success(), "{told}\n{errors}");
    for platform in ["botpit", "botornot", "botroulette", "kriegspiel"] {
        assert!(told.contains(&format!("{platform}: 1.00 days, ")), "{told}");
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused() {
    for words in
        [&["--days"][..], &["--days", "many"], &["--real", "10"], &["--platform", "chess"], &["--fast"]]
    {
        let refused =
            Command::new(env!("CARGO_BIN_EXE_soak")).args(words).output().expect("the program is built");
        assert_eq!(refused.status.code(), Some(1), "{words:?}");
        assert!(String::from_utf8_lossy(&refused.stdout).starts_with("FAILED: "), "{words:?}");
    }
}
