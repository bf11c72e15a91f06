// placeholder so that embed finds the folder
