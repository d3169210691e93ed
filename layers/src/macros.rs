/// The three accessors every service of this crate has.
macro_rules! inner_accessors {
    ($service:ident $(, $parameter:ident)*) => {
        impl<S $(, $parameter)*> $service<S $(, $parameter)*> {
            /// The inner service.
            pub const fn get_ref(&self) -> &S {
                &self.inner
            }

            /// The inner service, to change.
            pub const fn get_mut(&mut self) -> &mut S {
                &mut self.inner
            }

            /// Unwraps the inner service.
            pub fn into_inner(self) -> S {
                self.inner
            }
        }
    };
}

pub(crate) use inner_accessors;
