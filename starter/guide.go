package main

// guide says where everything is and what to try next.
func (l *local) guide() {
	at := l.stack.Addresses()
	l.say(`
Lockstep is up.
  API          %s  (its documentation: %[1]s/docs)
  Temporal UI  %s`, at.API, at.TemporalUI)
	for _, vendor := range l.options.crms() {
		l.say("  sandbox      %s/_sim/%s/records and /calls", at.SandboxAdmin, vendor)
	}
	l.say("  DATABASE_URL=%s\n\nTry, in another terminal:", at.DatabaseURL)
	if l.getenv("LOCKSTEP_DIR") != "" || l.options.dir != "" {
		l.say("  export LOCKSTEP_DIR=%s", l.dir)
	}
	l.say(`  bin/starter status
  bin/starter events --follow
  bin/starter records load FILE.csv && bin/starter sync
  bin/starter failed && bin/starter retry
  bin/starter test-contact --times 50
  bin/starter doctor

The API key is in %s.
Ctrl-C takes everything down. What is in %s stays for the next time; the sandbox forgets everything, and is filled again then.`, l.keyFile(), l.dir)
}
