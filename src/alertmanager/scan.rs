// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Finds the alerts in JSON as it arrives, in bounded memory: bytes go in, one alert's bytes come out. Pure.
//!
//! The grammar is checked to the last byte, so that the caller knows at the end whether it was JSON at all; what a string says is
//! not, as an annotation that can't be read must not cost an alert.

/// The longest alert that is read whole, in bytes. Alertmanager's are about one kilobyte.
pub(super) const MAX_ALERT: usize = 64 * 1024;
/// The most that is kept of a member beside the alerts, in bytes.
const MAX_MEMBER: usize = 4 * 1024;
/// How deep values may be nested: what a `u128` can tell.
const MAX_DEPTH: u32 = u128::BITS;

/// Where the alerts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// In the list `alerts` of an object: a webhook.
    Webhook,
    /// In a list: the API's answer.
    List,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// An element of the list that is an object. Of one that is longer than [`MAX_ALERT`], its beginning.
    Alert { bytes: &'a [u8], cut: bool },
    /// An element that is none.
    Other,
    /// A member of the webhook beside its alerts: its name and value.
    Member { name: &'static str, value: &'a [u8] },
}

/// Why it is not JSON of the expected frame. Never quotes it, as it may hold anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The grammar is broken at this byte.
    #[error("it is not JSON (byte {0})")]
    Syntax(u64),
    /// It ends too early.
    #[error("it ends too early")]
    Incomplete,
    /// It is JSON, but neither the object nor the list that was expected.
    #[error("it has another form")]
    Form,
    /// It is nested too deeply.
    #[error("it is nested more than {MAX_DEPTH} levels deep")]
    Depth,
}

/// What may come next.
#[derive(Debug, Clone, Copy)]
enum State {
    Value,
    /// After `[`: a value or the end.
    FirstValue,
    /// After `{`: a name or the end.
    FirstName,
    Name,
    Colon,
    /// After a value: a comma or the end.
    After,
    Text(Escape),
    Number(Number),
    /// What is left of `true`, `false` or `null`.
    Literal(&'static [u8]),
}

#[derive(Debug, Clone, Copy)]
enum Escape {
    No,
    Begun,
    /// So many hexadecimal digits are to come.
    Digits(u8),
}

#[derive(Debug, Clone, Copy)]
enum Number {
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    E,
    ESign,
    Exponent,
}

impl Number {
    fn next(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Minus, b'0') => Self::Zero,
            (Self::Minus, b'1'..=b'9') | (Self::Integer, b'0'..=b'9') => Self::Integer,
            (Self::Zero | Self::Integer, b'.') => Self::Point,
            (Self::Point | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::Zero | Self::Integer | Self::Fraction, b'e' | b'E') => Self::E,
            (Self::E, b'+' | b'-') => Self::ESign,
            (Self::E | Self::ESign | Self::Exponent, b'0'..=b'9') => Self::Exponent,
            _ => return None,
        })
    }

    fn can_end(self) -> bool {
        matches!(self, Self::Zero | Self::Integer | Self::Fraction | Self::Exponent)
    }
}

/// What is being kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Nothing,
    /// A name in the webhook's object.
    Name,
    Member(&'static str),
    Alert,
}

/// The members of a webhook that are handed out.
const MEMBERS: [&str; 3] = ["status", "truncatedAlerts", "groupLabels"];
const ALERTS: &str = "alerts";

/// The scanner.
#[derive(Debug)]
pub(super) struct Scanner {
    frame: Frame,
    state: State,
    /// How many objects and lists are open, and of each whether it is an object: the innermost in the lowest bit.
    depth: u32,
    objects: u128,
    /// The string that is being read is a name.
    in_name: bool,
    /// In the list of alerts.
    in_alerts: bool,
    /// The name in the webhook's object whose value comes, where it is one that counts.
    name: Option<&'static str>,
    kept: Kept,
    /// The depth at which what is kept began.
    kept_depth: u32,
    buffer: Vec<u8>,
    cut: bool,
    offset: u64,
}

impl Scanner {
    pub fn new(frame: Frame) -> Self {
        Self {
            frame,
            state: State::Value,
            depth: 0,
            objects: 0,
            in_name: false,
            in_alerts: false,
            name: None,
            kept: Kept::Nothing,
            kept_depth: 0,
            buffer: Vec::new(),
            cut: false,
            offset: 0,
        }
    }

    /// Bytes of memory that it holds.
    pub fn memory(&self) -> usize {
        self.buffer.capacity()
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, mut bytes: &[u8], found: &mut impl FnMut(Found)) -> Result<(), Malformed> {
        while let Some(&byte) = bytes.first() {
            let plain = match self.state {
                // Most of what comes is text.
                State::Text(Escape::No) => {
                    bytes.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count()
                }
                _ => 0,
            };
            let taken = if plain > 0 {
                self.keep(&bytes[..plain]);
                plain
            } else {
                self.step(byte, found)?;
                1
            };
            bytes = &bytes[taken..];
            self.offset = self.offset.saturating_add(taken as u64);
        }
        Ok(())
    }

    /// Says that there are no more bytes.
    pub fn finish(&self) -> Result<(), Malformed> {
        match self.state {
            State::After if self.depth == 0 => Ok(()),
            _ => Err(Malformed::Incomplete),
        }
    }

    fn step(&mut self, byte: u8, found: &mut impl FnMut(Found)) -> Result<(), Malformed> {
        if let State::Number(number) = self.state {
            match number.next(byte) {
                Some(next) => {
                    self.keep(&[byte]);
                    self.state = State::Number(next);
                    return Ok(());
                }
                // The byte that ends a number is not a part of it.
                None if number.can_end() => self.end_value(found),
                None => return Err(self.syntax()),
            }
        }
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
            && !matches!(self.state, State::Text(_) | State::Literal(_))
        {
            return Ok(());
        }
        self.keep(&[byte]);
        match (self.state, byte) {
            (State::FirstValue, b']') | (State::FirstName, b'}') => self.close(found),
            (State::Value | State::FirstValue, _) => self.begin_value(byte, found)?,
            (State::FirstName | State::Name, b'"') => self.begin_name(),
            (State::Colon, b':') => self.state = State::Value,
            (State::After, b',') if self.depth > 0 => {
                self.state = if self.in_object() { State::Name } else { State::Value };
            }
            (State::After, b'}') if self.depth > 0 && self.in_object() => self.close(found),
            (State::After, b']') if self.depth > 0 && !self.in_object() => self.close(found),
            (State::Text(Escape::No), b'"') if self.in_name => self.end_name(),
            (State::Text(Escape::No), b'"') => self.end_value(found),
            (State::Text(Escape::No), b'\\') => self.state = State::Text(Escape::Begun),
            (State::Text(Escape::Begun), b'u') => self.state = State::Text(Escape::Digits(4)),
            (State::Text(Escape::Begun), b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.state = State::Text(Escape::No);
            }
            (State::Text(Escape::Digits(left)), _) if byte.is_ascii_hexdigit() => {
                let left = left.saturating_sub(1);
                self.state = State::Text(if left == 0 { Escape::No } else { Escape::Digits(left) });
            }
            (State::Literal([expected, rest @ ..]), _) if byte == *expected => match rest {
                [] => self.end_value(found),
                _ => self.state = State::Literal(rest),
            },
            _ => return Err(self.syntax()),
        }
        Ok(())
    }

    fn begin_value(&mut self, byte: u8, found: &mut impl FnMut(Found)) -> Result<(), Malformed> {
        let (in_webhook, in_list) = (self.frame == Frame::Webhook, self.frame == Frame::List);
        match self.depth {
            0 => {
                if !b"{[\"-0123456789tfn".contains(&byte) {
                    return Err(self.syntax());
                }
                let expected = if in_webhook { b'{' } else { b'[' };
                if byte != expected {
                    return Err(Malformed::Form);
                }
            }
            1 if in_webhook => match self.name {
                Some(ALERTS) => self.in_alerts = byte == b'[',
                Some(name) => self.begin_keeping(Kept::Member(name), byte),
                None => {}
            },
            1 if in_list => self.begin_element(byte, found),
            2 if in_webhook && self.in_alerts => self.begin_element(byte, found),
            _ => {}
        }
        match byte {
            b'{' => return self.open(true),
            b'[' => return self.open(false),
            b'"' => {
                self.in_name = false;
                self.state = State::Text(Escape::No);
            }
            b'-' => self.state = State::Number(Number::Minus),
            b'0' => self.state = State::Number(Number::Zero),
            b'1'..=b'9' => self.state = State::Number(Number::Integer),
            b't' => self.state = State::Literal(b"rue"),
            b'f' => self.state = State::Literal(b"alse"),
            b'n' => self.state = State::Literal(b"ull"),
            _ => return Err(self.syntax()),
        }
        Ok(())
    }

    fn begin_element(&mut self, byte: u8, found: &mut impl FnMut(Found)) {
        match byte {
            b'{' => self.begin_keeping(Kept::Alert, byte),
            _ => found(Found::Other),
        }
    }

    fn begin_name(&mut self) {
        if self.frame == Frame::Webhook && self.depth == 1 {
            self.begin_keeping(Kept::Name, b'"');
        }
        self.in_name = true;
        self.state = State::Text(Escape::No);
    }

    fn end_name(&mut self) {
        if self.kept == Kept::Name {
            let name = super::json::text(&self.buffer).filter(|_| !self.cut);
            self.name = MEMBERS.into_iter().chain([ALERTS]).find(|member| name.as_deref() == Some(*member));
            self.kept = Kept::Nothing;
        }
        self.state = State::Colon;
    }

    fn open(&mut self, is_object: bool) -> Result<(), Malformed> {
        if self.depth == MAX_DEPTH {
            return Err(Malformed::Depth);
        }
        self.depth = self.depth.saturating_add(1);
        self.objects = self.objects << 1 | u128::from(is_object);
        self.state = if is_object { State::FirstName } else { State::FirstValue };
        Ok(())
    }

    fn close(&mut self, found: &mut impl FnMut(Found)) {
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
        self.end_value(found);
    }

    fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }

    fn end_value(&mut self, found: &mut impl FnMut(Found)) {
        self.state = State::After;
        if self.depth == 1 {
            self.in_alerts = false;
        }
        if self.depth > self.kept_depth {
            return;
        }
        match self.kept {
            Kept::Alert => found(Found::Alert { bytes: &self.buffer, cut: self.cut }),
            Kept::Member(name) => found(Found::Member { name, value: &self.buffer }),
            Kept::Nothing | Kept::Name => {}
        }
        self.kept = Kept::Nothing;
    }

    fn begin_keeping(&mut self, kept: Kept, first: u8) {
        self.kept = kept;
        self.kept_depth = self.depth;
        self.cut = false;
        self.buffer.clear();
        self.buffer.push(first);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let limit = match self.kept {
            Kept::Nothing => return,
            Kept::Name | Kept::Member(_) => MAX_MEMBER,
            Kept::Alert => MAX_ALERT,
        };
        let room = limit.saturating_sub(self.buffer.len());
        self.cut |= bytes.len() > room;
        self.buffer.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn syntax(&self) -> Malformed {
        Malformed::Syntax(self.offset)
    }
}

#[cfg(test)]
mod tests;
