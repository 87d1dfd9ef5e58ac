'use strict'; // loaded by wait.mjs so that a module of this kind was loaded before
