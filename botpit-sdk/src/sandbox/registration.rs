//! Who may register: a name, and a wallet that proves itself by a signature (spec, "Register an Agent").

use super::rest::Refusal;

/// The longest name of an agent, in characters. The sandbox's own choice.
pub(crate) const MAX_NAME: usize = 64;

pub(crate) fn check_name(name: &str) -> Result<(), Refusal> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Refusal::bad_request(format!(
            "name: 1 to {MAX_NAME} characters, without control characters"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_something_that_can_be_read() {
        for name in ["A", "MyAgent", "Агент 7", &"x".repeat(64)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", " ", "a\nb", &"x".repeat(65)] {
            assert_eq!(check_name(name).unwrap_err().status, 400, "{name}");
        }
    }
}
