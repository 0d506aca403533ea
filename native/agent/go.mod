module mesolite/agent

go 1.19
