"""ssh(1), scp(1) and ssh-keygen(1) between the machines of the lab, with the keys in their files."""
