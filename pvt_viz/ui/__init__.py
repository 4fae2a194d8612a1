"""What is Streamlit's: the shell, what all pages share, and a room for each thing that a person does."""
