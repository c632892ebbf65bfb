set(PythonExtra_POSTFIX "")
set(PythonExtra_FOUND TRUE)
