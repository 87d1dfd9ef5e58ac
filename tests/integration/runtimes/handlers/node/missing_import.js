require('does-not-exist-anywhere');
