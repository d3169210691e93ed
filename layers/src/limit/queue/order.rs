//! Who is next, and who has to go.

use super::{Arrival, HIGHEST_FIRST, Queue};
use crate::request::Priority;

impl<T> Queue<T> {
    /// How many classes, the lowest first, find no place: all up to the lowest one that waits, which is the one to go for a
    /// higher one.
    #[inline]
    pub(in crate::limit) fn shut_classes(&self) -> u8 {
        if self.places < self.bound {
            return 0;
        }
        let waits = |class: &Priority| self.class(*class).iter().any(|line| line.waiting > 0);
        let lowest = HIGHEST_FIRST.into_iter().rev().find(waits);
        1 + lowest.unwrap_or(Priority::High) as u8
    }

    /// Does one of the same kind wait that goes before a newcomer of this class?
    pub(in crate::limit) fn is_behind_its_kind(&self, newcomer: &Arrival) -> bool {
        self.of_kind(newcomer.kind)
            .skip(newcomer.priority as usize)
            .any(|line| line.waiting > 0)
    }

    /// The one to be served next, among those of this class and the higher ones: of the highest class the first that
    /// came, passing over kinds whose first must not run.
    pub(in crate::limit) fn first(
        &self,
        lowest: Priority,
        may_run: impl Fn(&Arrival) -> bool,
    ) -> Option<u32> {
        // Where the first of a kind must not run, none of its kind overtakes it, least of all one of a lower class.
        let mut held = 0_u32;
        for priority in HIGHEST_FIRST.into_iter().take_while(|class| *class >= lowest) {
            let mut first: Option<u32> = None;
            for (kind, line) in self.class(priority).iter().enumerate() {
                let Some(index) = line.front.filter(|_| held & (1 << kind) == 0) else {
                    continue;
                };
                if !may_run(&self.at(index).arrival) {
                    held |= 1 << kind;
                } else if first.is_none_or(|first| self.at(index).number < self.at(first).number) {
                    first = Some(index);
                }
            }
            if first.is_some() {
                return first;
            }
        }
        None
    }

    /// Would a newcomer find a place? `room` bounds those of its kind that wait.
    pub(in crate::limit) fn has_place_for(&self, newcomer: &Arrival, room: usize) -> bool {
        let free = self.places < self.bound && (self.kinds == 1 || self.waiting_of(newcomer.kind) < room);
        free || self.victim(newcomer, room).is_some()
    }

    /// Who has to go so that a newcomer can wait: the youngest of the lowest class, if that is lower than its own. Where
    /// its own kind fills its room, one of its kind.
    pub(super) fn victim(&self, newcomer: &Arrival, room: usize) -> Option<u32> {
        let own_kind = self.kinds > 1 && self.waiting_of(newcomer.kind) >= room;
        let classes = HIGHEST_FIRST.into_iter().rev();
        for class in classes.take_while(|class| *class < newcomer.priority) {
            let lines = self.class(class).iter().enumerate();
            let backs = lines
                .filter(|(kind, _)| !own_kind || *kind == usize::from(newcomer.kind))
                .filter_map(|(_, line)| line.back);
            let youngest = backs.max_by_key(|index| self.at(*index).number);
            if youngest.is_some() {
                return youngest;
            }
        }
        None
    }
}
